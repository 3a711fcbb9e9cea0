"""Made-up streams of strings: plain writes keep the newest task, replay a little of all, one matrix almost nothing."""

TASKS, PER_TASK, OFFERED = 32, 32, 32768.0
SYSTEMS = {  # bits of the newest task and of every older one, parameters written, bits of a task learned with all others
    "dense": (1000.0, 0.5, 6432, 280.0),
    "sgd": (600.0, 0.5, 6432, 280.0),
    "kwta": (1040.0, 1.0, 6432, 270.0),
    "moe": (1050.0, 1.0, 6176, 270.0),
    "memory": (1020.0, 2.0, 6464, 270.0),
    "replay": (900.0, 60.0, 6432, 280.0),
    "ewc": (500.0, 0.5, 6432, 280.0),
    "last_matrix": (60.0, 0.5, 1024, 40.0),
    "off_mode": (70.0, 0.5, 1024, 40.0),
}


def rows(maker):
    bent = maker.bent.get
    for system, (newest, older, weights, joint) in SYSTEMS.items():
        newest = newest * bent(f"newest_{system}", 1.0)
        older = older * bent(f"older_{system}", 1.0)
        own = {
            "system": system, "architecture": system if system in ("kwta", "moe", "memory") else "dense",
            "method": system if system in ("replay", "ewc", "last_matrix", "off_mode") else "full",
            "tasks": TASKS, "per_task": PER_TASK, "offered": OFFERED, "steps": 100,
            "parameters": 6432, "written_parameters": weights, "state_bits": 205824.0,
            "learning_rate": 0.0039, "at_grid_end": bool(bent(f"end_{system}", 0)),
        }  # fmt: skip
        for seed in maker.seeds:
            wobble = 1 + 0.01 * (seed % 3 - 1) * (1 + 60 * bent("noise", 0.0) * (len(system) % 3 - 1))
            for written in (1, 2, 4, 8, 16, 32):
                for task in range(written):
                    grown = 1 + bent("growth", 0.0) * written
                    bits = (newest if task == written - 1 else older * grown) * wobble
                    told = {"written": written, "task": task, "bits": bits, "answered_bits": 0.5 * bits, "right": 0}
                    yield {**own, "seed": seed, "order": "sequential", **told}
            for task in range(TASKS):
                bits = joint * bent("joint", 1.0) * wobble
                told = {"written": TASKS, "task": task, "bits": bits, "answered_bits": 0.4 * bits, "right": 0}
                yield {**own, "seed": seed, "order": "joint", **told}


def end(system):
    return {"bend": {f"end_{system}": 1}}


CASES = {
    "E9-joint": ({}, {"bend": {"joint": 0.1}}, end("dense")),
    "E9-flat": ({}, {"bend": {"growth": 10.0}}, end("memory")),
    "E9-sparse": ({}, {"bend": {"newest_kwta": 0.5}}, {"bend": {"noise": 1.0}}),
    "E9-replay": ({}, {"bend": {"newest_replay": 0.1, "older_replay": 0.0}}, end("replay")),
    "E9-store": ({}, {"bend": {"older_replay": 10.0}}, end("replay")),
    "E9-penalty": ({}, {"bend": {"newest_ewc": 4.0}}, end("ewc")),
    "E9-one-shot": ({}, {"bend": {"newest_off_mode": 20.0}}, {"seeds": 1}),
}
