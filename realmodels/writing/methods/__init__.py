"""Ways to write a task into a model, one file per method; `catalogue` lists those that are compared, `binding` binds one."""
