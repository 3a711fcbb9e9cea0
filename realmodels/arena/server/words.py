"""What the pages say, in English and Chinese."""

from realmodels.arena.story import Language

WORDS: dict[str, tuple[str, str]] = {
    "skip": ("Skip to the content", "跳到正文"),
    "menu": ("Pages", "页面"),
    "to_story": ("Story so far", "前文"),
    "to_ballot": ("Compare", "比较"),
    "to_ranking": ("Ranking", "排名"),
    "to_leave": ("Withdraw", "撤回"),
    "reading_as": ("You read as", "你的昵称："),
    # joining
    "join_title": ("Who remembers the story?", "谁记得这个故事？"),
    "join_what": (
        "Several language models lived through a long story. You read it, too. Then you see two answers at a time and say which "
        "of them remembers the story better. You are not told whose answers they are.",
        "几个语言模型经历了一个长故事。你也来读它。然后每次你会看到两个回答，请选出哪一个更记得这个故事。我们不会告诉你回答出自谁。",
    ),
    "join_kept": (
        "Your nickname, your votes and their times are stored, and may be published. You can withdraw them at any time.",
        "你的昵称、投票和时间会被保存，并可能公开。你可以随时撤回。",
    ),
    "nickname": ("Nickname", "昵称"),
    "nickname_hint": ("1 to 40 characters. It need not be your name.", "1 到 40 个字符，不必是真名。"),
    "nickname_wrong": ("Give a nickname of 1 to 40 characters.", "请填写 1 到 40 个字符的昵称。"),
    "page_language": ("Language of the pages", "页面语言"),
    "join": ("Start reading", "开始阅读"),
    # story
    "story_title": ("The story up to chapter {n}", "故事：前 {n} 章"),
    "story_hint": (
        "The next question is asked after chapter {n} of {of}. Read as much as you like; the recap tells what matters.",
        "下一题在第 {n} 章之后提出（共 {of} 章）。想读多少都可以；前情提要里有要点。",
    ),
    "unfold": ("Open all chapters", "展开全部章节"),
    "fold": ("Close all chapters", "收起全部章节"),
    "frame": ("Before the story", "故事背景"),
    "recap": ("Recap", "前情提要"),
    "chapters": ("Chapters", "正文"),
    "chapter": ("Chapter {n}", "第 {n} 章"),
    "start_comparing": ("Compare two answers", "比较两个回答"),
    # ballot
    "question_title": ("Question after chapter {n}", "第 {n} 章之后的问题"),
    "scene_title": ("Scene after chapter {n}", "第 {n} 章之后的情节"),
    "both_asked": ("Two language models were asked:", "向两个语言模型提的问题："),
    "question_task": ("Which answer remembers the story better?", "哪个回答更记得这个故事？"),
    "scene_task": ("Which scene goes better with the story so far?", "哪段情节与前面的故事更相符？"),
    "recall": ("Recap up to chapter {n}", "前 {n} 章提要"),
    "read_chapters": ("Read the chapters", "阅读正文"),
    "answer_left": ("Answer A", "回答 A"),
    "answer_right": ("Answer B", "回答 B"),
    "nothing_said": ("(no answer)", "（没有回答）"),
    "left": ("A is better", "A 更好"),
    "right": ("B is better", "B 更好"),
    "both_good": ("Both are good", "都好"),
    "both_bad": ("Both are bad", "都不好"),
    "keys": ("Keys: 1 to 4 go to a choice, Enter votes.", "键盘：按 1 到 4 选中，按回车键投票。"),
    "why": ("Say what is wrong (optional)", "说明哪里不对（可不填）"),
    "why_left": ("What is wrong with answer A?", "回答 A 哪里不对？"),
    "why_right": ("What is wrong with answer B?", "回答 B 哪里不对？"),
    "forgot": ("Forgot what happened", "忘了发生过的事"),
    "contradiction": ("Contradicts the story", "与故事矛盾"),
    "frame_broken": ("Breaks the world of the story", "违背故事的设定"),
    "dull": ("Says little", "言之无物"),
    "language": ("Bad language", "语句不通"),
    "which_words": ("Which words show it?", "哪些字句？"),
    "marking": (
        "You can select words in an answer above and then press “Enter the selected words”.",
        "可以先在上面的回答里选中字句，再按“填入选中的字句”。",
    ),
    "use_selected": ("Enter the selected words", "填入选中的字句"),
    "reason_needed": (
        "You entered words, but did not tick what is wrong with them. Tick it below, or empty the field; then vote again.",
        "你填了字句，但没有勾选原因。请在下面勾选原因，或清空字句，然后重新投票。",
    ),
    "choice_needed": ("That was no vote yet: choose one of the four.", "还没有投票：请在四个选项中选一个。"),
    # afterwards
    "thanks_title": ("Thank you", "谢谢"),
    "thanks": ("Your vote is stored. Votes you have given: {n}.", "你的选择已保存。你已投 {n} 票。"),
    "first_counts": (
        "You had voted on this comparison before, and that first vote counts. Votes you have given: {n}.",
        "这一组你已经投过票，以第一次投票为准。你已投 {n} 票。",
    ),
    "go_on": (
        "Go on as long as you like. This browser remembers you, so you can also come back later.",
        "可以继续投票，也可以稍后用同一浏览器回来。",
    ),
    "next": ("Next comparison", "下一组"),
    "all_title": ("That was all", "全部完成"),
    "all": ("You have seen every comparison. Thank you!", "你已经看过所有的比较。谢谢！"),
    "closed_title": ("Voting has ended", "投票已结束"),
    "closed": ("No more votes are taken in this study.", "本研究不再接受投票。"),
    # ranking
    "ranking_title": ("Ranking", "排名"),
    "ranking_empty": ("There are no votes yet.", "还没有投票。"),
    "ranking_counts": (
        "Plain counts of the votes of people; votes of programs are left out.",
        "只统计真人投票的次数，不含程序的投票。",
    ),
    "ranking_hidden": ("The ranking is shown when voting has ended.", "投票结束后公布排名。"),
    "system": ("System", "系统"),
    "count": ("Votes", "票数"),
    "won": ("Better", "更好"),
    "lost": ("Worse", "更差"),
    # withdrawing
    "leave_title": ("Withdraw your votes", "撤回你的投票"),
    "leave_what": (
        "This deletes your nickname and all your votes ({n}) from the study. It cannot be undone.",
        "这会从研究中删除你的昵称和全部投票（{n} 票），无法恢复。",
    ),
    "leave": ("Delete everything of mine", "删除我的全部数据"),
    "left_title": ("Deleted", "已删除"),
    "left_what": ("Your nickname and your votes are deleted.", "你的昵称和投票已删除。"),
    "join_again": ("Join anew", "重新加入"),
    # refusals
    "refused_title": ("This did not work", "操作未成功"),
    "to_start": ("Go to the start", "回到首页"),
    "key_needed": ("This study is open to those who have its link. Ask for it.", "需要研究的链接才能加入，请向组织者索取。"),
    "form_expired": (
        "This form is out of date, or cookies are off. Load the page again.",
        "表单已过期，或 cookie 被禁用。请重新载入页面。",
    ),
    "form_too_large": ("The form is too long. Shorten the texts.", "表单内容过长，请缩短文字。"),
    "bad_form": ("The form cannot be read. Load the page again.", "无法读取表单，请重新载入页面。"),
    "too_often": ("That was too fast. Wait a little and load the page again.", "操作太频繁，请稍候再试。"),
    "not_yours": ("This comparison is not one of yours. Go on with the next.", "这组比较不属于你，请继续下一组。"),
    "not_found": ("There is no such page.", "没有这个页面。"),
    "broken": ("Something went wrong here. If you had just voted, vote once more; no vote counts twice.",
               "服务器出错。如果刚刚投票，请再投一次；同一票不会重复计算。"),
}  # fmt: skip
"""Name -> (English, Chinese). Braces hold what is filled in."""

LANGUAGE_NAMES: dict[Language, str] = {"en": "English", "zh": "中文"}


def word(language: Language, name: str, **values: object) -> str:
    """A text in a language, filled in. Raises KeyError for a name that is not in the table."""
    return WORDS[name][language == "zh"].format(**values)
