"""Studies as long as real ones: 24 chapters of some 150 words, answers of every length, one of them empty; in two languages."""

from pathlib import Path

from realmodels.arena.story import Chapter, Language, Probe, Story
from realmodels.arena.study import Answer, Item, Study, System

CHAPTERS = 24
EVENTS = {
    "en": (
        ("The ferry", "Mara comes to the island of Orrin and is given the brass key of the lighthouse by Tomas, its old keeper."),
        ("Supper at the inn", "Ines, who runs the inn, promises Mara a boat before the first frost. Nobody is told of the key."),
        ("The log book", "Mara finds a log book in the lamp room. A page has been cut out; the date before it is in June."),
        ("Low water", "At low water Mara and Ines walk to the wreck. Ines says that her brother Joren drowned there."),
        ("A letter", "A letter from the harbour office: the lamp shall be put out by the end of the year. Tomas tears it up."),
        ("The storm", "In the storm the lamp fails. Mara climbs the stairs in the dark and turns it by hand until morning."),
        ("What Tomas said", "Tomas, in a fever, says that Joren did not drown, but was taken aboard a ship without a name."),
        ("The key is gone", "The brass key has vanished from its nail. Only Ines and the harbour master had been in the house."),
    ),
    "zh": (
        ("渡船", "玛拉来到奥林岛，老守塔人托马斯把灯塔的铜钥匙交给了她。"),
        ("客栈的晚饭", "开客栈的伊内斯答应玛拉，在第一场霜之前给她一条船。玛拉没有对任何人提起钥匙。"),
        ("航海日志", "玛拉在灯室里找到一本日志。有一页被裁掉了，前一页的日期是六月。"),
        ("退潮", "退潮时玛拉和伊内斯走到沉船旁。伊内斯说，她的哥哥约伦就是在那里淹死的。"),
        ("一封信", "港务处来信：年底以前必须熄灯。托马斯把信撕了。"),
        ("暴风雨", "暴风雨中灯坏了。玛拉摸黑上楼，用手转动灯具，一直到天亮。"),
        ("托马斯的话", "托马斯发着高烧说，约伦没有淹死，而是被一艘没有名字的船带走了。"),
        ("钥匙不见了", "铜钥匙从钉子上消失了。进过屋子的只有伊内斯和港务长。"),
    ),
}  # fmt: skip
WEATHER = {
    "en": (
        "The wind had turned in the night and now came from the north, with a smell of kelp and of cold iron.",
        "Nobody spoke much. On Orrin people said what they had to say while they worked, and there was always work.",
        "“You will get used to the sound,” he said, and did not tell her which of the many sounds he meant.",
        "Below the window the nets had been spread over the stones, and a child was picking crabs out of them one by one.",
        "She counted the steps again, as she had done every evening: one hundred and eighteen, and the last one was loose.",
        "“My mother kept a list,” Ines said. “Who owed whom a favour. She burned it before she died, and all were even.”",
        "The light went round, and for the length of a breath the whole bay was as clear as a plate, and then it was gone.",
        "It was not that she did not believe him; it was that he told it a little differently each time.",
        "In the afternoon the fog came in so thick that the bell was rung every two minutes until it was dark.",
        "She put the kettle on the stove and waited for her hands to stop shaking before she opened the drawer.",
        "Far out a ship was passing that showed no flag, and neither of them said what both of them thought.",
    ),
    "zh": (
        "夜里风向变了，现在从北方吹来，带着海草和冷铁的气味。",
        "大家话都不多。奥林岛上的人一边干活一边说该说的话，而活总是干不完。",
        "“你会习惯那个声音的。”他说，却没有告诉她是许多声音里的哪一个。",
        "窗下的石头上晒着渔网，一个孩子正把螃蟹一只一只地挑出来。",
        "她又数了一遍台阶，像每天晚上一样：一百一十八级，最后一级是松的。",
        "“我母亲有一张单子，”伊内斯说，“上面记着谁欠谁的人情。她临死前把它烧了，于是谁也不欠谁了。”",
        "灯光转过来，有一口气的工夫，整个海湾像盘子一样清楚，然后又不见了。",
        "她不是不相信他，只是他每一次讲得都有一点不同。",
        "下午起了大雾，钟每两分钟敲一次，一直敲到天黑。",
    ),
}
ANSWERS = {
    "en": (
        "Mara.",
        "Tomas still has it, as far as anybody knows, because he never let it out of his hands after the night of the storm.",
        "",
        "I think that it hangs on its nail beside the door. She saw it there in the morning, when she came down from the "
        "lamp room, and she was so tired that she did not touch it. Later, when Ines came with the bread, the two of them "
        "sat at the table and spoke about the boat that had been promised before the first frost. Nobody looked at the "
        "nail. The harbour master came at noon and asked for the log book, which she refused to give him.\n\n"
        "So if it is gone now, one of these two has taken it: and the harbour master, as we know from the fifth chapter, "
        "has every reason to want the lamp put out before the year ends.",
        "<b>As an AI</b> I cannot know, but the key the key the key the key the key the key the key the key the key the key.",
    ),
    "zh": (
        "玛拉。",
        "据大家所知还在托马斯手里，因为暴风雨那一夜之后他从不离手。",
        "",
        "我想它还挂在门边的钉子上。早上她从灯室下来时在那里看见过，可是太累了，没有去碰。后来伊内斯送面包来，两个人坐在桌边，"
        "说起答应在第一场霜之前给她的那条船。谁也没有看那枚钉子。中午港务长来要航海日志，她没有给。\n\n所以如果钥匙现在不见了，"
        "一定是这两个人中的一个拿走的；而我们从第五章知道，港务长很想在年底以前把灯熄掉。",
        "<b>作为人工智能</b>我不知道，但是钥匙钥匙钥匙钥匙钥匙钥匙钥匙钥匙钥匙钥匙。",
    ),
}  # fmt: skip
TITLES = {"en": "The Lamp of Orrin", "zh": "奥林岛的灯"}
FRAMES = {
    "en": "A fishing island in the north, some two hundred years ago. Letters take three weeks. There is no magic in this world, "
    "and nobody comes back from the dead. Mara, who tells the story, is twenty-six.",
    "zh": "大约两百年前，北方的一座渔岛。一封信要走三个星期。这个世界没有魔法，死去的人也不会回来。讲故事的玛拉二十六岁。",
}
ASKED = {"en": ("Who has the brass key now?", "What happens next?"), "zh": ("铜钥匙现在在谁手里？", "接下来发生了什么？")}
SYSTEMS = tuple(System(f"zq_{name}", f"Zorq {name}", {}) for name in ("frozen", "window", "writer"))


def long_study(folder: Path, language: Language = "en", **changes) -> Study:
    """Three systems, a question after every other chapter and a scene after every sixth; written into the folder."""
    space = " " if language == "en" else ""
    chapters = tuple(_chapter(number, language, space) for number in range(CHAPTERS))
    probes = (Probe("2", "object", 1, 2, ASKED[language][0], "Mara"),)
    story = Story(TITLES[language], language, "sea", FRAMES[language], chapters, probes)
    texts, answers = ANSWERS[language], {}
    for place, item in enumerate(items(language)):
        for number, system in enumerate(SYSTEMS):
            text = texts[(place + 2 * number) % len(texts)]
            answers[item.id, system.id] = Answer(item.id, system.id, text, None, None)
    fields = {"name": "long", "open": True, "show_ranking": False, "made": {}, "story": story, "systems": SYSTEMS}
    study = Study(folder, **{**fields, "items": items(language), "answers": answers, **changes})
    study.save()
    return study


def items(language: Language = "en") -> tuple[Item, ...]:
    """What it asks, in the order of the story."""
    made = []
    for number in range(2, CHAPTERS + 1, 2):
        made.append(Item(f"q-{number}", "question", number, number // 2, ASKED[language][0], "Mara"))
        if number % 6 == 0:
            made.append(Item(f"s-{number}", "scene", number, None, ASKED[language][1], None))
    return tuple(made)


def _chapter(number: int, language: Language, space: str) -> Chapter:
    title, recap = EVENTS[language][number % len(EVENTS[language])]
    weather = WEATHER[language]
    around = [weather[(3 * number + step) % len(weather)] for step in range(7)]
    return Chapter(title, f"{space.join(around[:3])}\n\n{recap}{space}{space.join(around[3:])}", recap)
