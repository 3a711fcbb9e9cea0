"""An island whose ship has not come home."""

from realmodels.arena.narrative.words import Genre, Person, Place

PEOPLE = (
    Person(
        "a net maker",
        True,
        (
            "{A} had a length of twine in her fingers, as always, and tied a knot for every lie she heard.",
            "{A} bit off a thread and looked over the room as if it, too, had holes to be mended.",
            "“A net is mostly air,” said {A}. “So is what people tell you.”",
        ),
    ),
    Person(
        "a ship's carpenter",
        False,
        (
            "{A} ran his thumb along the edge of the table, found a splinter and frowned at it.",
            "“Measure first,” said {A}, who said so about everything.",
            "{A} was whittling a peg that fitted nothing, which he did when he was worried.",
        ),
    ),
    Person(
        "the island's doctor",
        True,
        (
            "{A} looked at everybody's tongue before she looked at their faces; it was a habit.",
            "“You will live,” said {A} to nobody in particular. It was her only joke, and she made it often.",
            "{A} smelled of camphor and had slept in her boots again.",
        ),
    ),
    Person(
        "a retired pilot",
        False,
        (
            "{A} cocked his head and listened to the swell. “It is turning,” he said, and as usual he was right.",
            "{A} told once more how he had brought a frigate through the shoals backwards. Nobody stopped him.",
            "{A} counted the seconds between two waves under his breath, and was not aware of it.",
        ),
    ),
    Person(
        "the schoolteacher",
        True,
        (
            "{A} corrected somebody's grammar and was glared at for it.",
            "{A} had chalk on her sleeve and a slate full of sums under her arm.",
            "“Hands on the table,” said {A} out of pure habit, and grown people obeyed.",
        ),
    ),
    Person(
        "a fiddler",
        False,
        (
            "{A} hummed a tune of which he had never found the ending.",
            "{A} tapped a jig on the table with two fingers until somebody laid a hand on his.",
            "“I can play you a funeral or a wedding,” said {A}. “They are the same tune, only slower.”",
        ),
    ),
    Person(
        "the customs clerk",
        False,
        (
            "{A} wrote something into his little book and shut it before anyone could read it.",
            "{A} wiped his spectacles, which were clean. It gave people time to regret things.",
            "“There is a form for that,” said {A}, and it was impossible to tell whether he was joking.",
        ),
    ),
    Person(
        "a smuggler's widow",
        True,
        (
            "{A} laughed with her whole chest. “My husband drowned twice,” she said, “and only once for good.”",
            "{A} sat where she could see both the door and the window. She had learned that from her husband.",
            "{A} poured for everyone and drank nothing herself.",
        ),
    ),
    Person(
        "a diver",
        True,
        (
            "{A} could hold her breath for three minutes, and in company she often seemed to be doing so.",
            "{A} rubbed her ears, which had never been right since the deep wreck.",
            "“Down there it is quiet,” said {A}. She did not say it as a complaint.",
        ),
    ),
)

PLACES = (
    Place(
        ("the Drowned Bell", "the Blind Pilot", "the Three Herons"),
        (
            "At {here} the beer was thin and the fire was good, and so people came for the fire.",
            "A stuffed pike hung over the counter at {here}; its one glass eye followed whoever had not paid.",
            "They had pushed two tables together at {here}, and the cat lay exactly in the middle.",
            "{here} smelled of wet wool and fried onions.",
        ),
    ),
    Place(
        ("the fog station", "the signal house", "the beacon house"),
        (
            "At {here} every wall was damp, and the salt drew white maps on the plaster.",
            "One could see eleven miles from {here}, when one could see at all.",
            "The stairs of {here} had a hundred and four steps, and each of them creaked in its own voice.",
            "In the round kitchen of {here} nothing could be pushed against the wall, least of all a bench.",
        ),
    ),
    Place(
        ("the rope yard", "the sail loft", "the tar house"),
        (
            "The long floor of {here} was swept, and hemp dust hung in the air like flour.",
            "At {here} the stove was lit only when somebody had bad news.",
            "Coils of rope lay about {here} like sleeping animals, and people sat on them.",
            "Somebody had left a boot in the middle of {here}, and for hours everybody stepped round it.",
        ),
    ),
    Place(
        ("the chapel house", "the seamen's mission", "the pilgrims' hostel"),
        (
            "At {here} the names of the drowned were painted on the beams, with room left for more.",
            "The kettle at {here} was never off the boil, for that was the rule of the house.",
            "{here} had been a herring store once, and on warm days it remembered.",
            "A draught went through {here} that no one had ever managed to trace.",
        ),
    ),
    Place(
        ("the old customs post", "the salt office", "the weigh house"),
        (
            "The great scales at {here} still stood level, though nothing had been weighed for years.",
            "At {here} the shutters were closed on the sea side and the ink froze in winter.",
            "Ledgers lay in heaps at {here}, and mice had read most of them.",
            "There was one good chair at {here}, and it was the one with three legs.",
        ),
    ),
    Place(
        ("Gull Farm", "Lee Farm", "Thistle Farm"),
        (
            "At {here} the hens walked in and out as if they paid rent.",
            "The kitchen at {here} was low, and tall people learned it only once.",
            "There was bread in the oven at {here}, and it made everyone a little kinder than they had meant to be.",
            "{here} lay behind the hill, where the wind could not find it at once.",
        ),
    ),
    Place(
        ("the pump house", "the lime kiln", "the ice house"),
        (
            "{here} was built half into the rock, and one had to shout to be heard above the dripping.",
            "A single lamp hung from the vault of {here} and swung when anybody opened the door.",
            "Nobody came to {here} for comfort. They came because nobody else did.",
            "At {here} the walls were a yard thick, and secrets kept well behind them.",
        ),
    ),
)

SEA = Genre(
    titles=("What the {ship} Carried", "Waiting for the {ship}", "The {ship} Is Late"),
    premise=(
        "An island, a day's sail from the coast. Three weeks ago the {ship} should have come home with {lost}, her master, and "
        "a cargo in which half the island had put its savings. She has not come. These are the people who wait for her."
    ),
    extras={
        "ship": ("Constance", "Petrel", "Fair Agnes", "Morning Gift", "Patience"),
        "lost": ("Captain Orlok", "Captain Brandreth", "Captain Yarrow", "Captain Pell"),
        "cove": ("Widow's Cove", "Seven Sisters Cove", "Kettle Cove"),
    },
    men=("Tobin", "Casper", "Elias", "Fenn", "Jory", "Lucan", "Osric", "Rafe", "Severin", "Wystan", "Aldous", "Bartle"),
    women=("Ysolde", "Marit", "Hester", "Dorrit", "Keziah", "Nell", "Ottilie", "Philippa", "Sunniva", "Thora", "Una", "Verity"),
    people=PEOPLE,
    places=PLACES,
    objects=(
        "the brass compass",
        "the whalebone comb",
        "the silver whistle",
        "the blue bottle",
        "the amber bead",
        "the folded chart",
        "the spyglass",
        "the coral ring",
        "the tin soldier",
        "the sharkskin purse",
    ),
    tasks=(
        ("caulk the old ferry", "caulked the old ferry"),
        ("paint the chapel door", "painted the chapel door"),
        ("teach the orphans to swim", "taught the orphans to swim"),
        ("write to the bishop", "written to the bishop"),
        ("clear the blocked well", "cleared the blocked well"),
        ("mend the storm bell", "mended the storm bell"),
        ("bring a goat over from the mainland", "brought a goat over from the mainland"),
        ("dig over the pastor's garden", "dug over the pastor's garden"),
        ("count the seals on the north shore", "counted the seals on the north shore"),
        ("carve a new figurehead", "carved a new figurehead"),
        ("raise the sunken dinghy", "raised the sunken dinghy"),
        ("set the widow Crane's broken fence upright", "set the widow Crane's broken fence upright"),
    ),
    weather=(
        "fog lay on the water so thickly that the gulls walked",
        "a wet wind blew from the west",
        "the sea was as flat as a plate",
        "rain came in sideways and found every crack",
        "the swell had gone down at last",
        "frost had whitened the moorings",
        "it blew so hard that the hens were tied up",
        "the sky cleared and the far coast could be seen",
        "seaweed lay knee-high along the beach",
        "there was no wind at all, and every sound carried",
        "hail rattled on the roofs of the harbour street",
        "the herring came in, and everyone had scales on their sleeves",
    ),
    small=(
        "A child ran past outside, shouting that a sail was in sight. It was a cloud.",
        "The clock on the wall was wrong by an hour, and everyone allowed for it.",
        "They ate mussels out of the pot and threw the shells into a bucket.",
        "Somewhere a loose shutter knocked, and nobody got up to fasten it.",
        "The cat brought in a fish that was bigger than itself and let no one near.",
        "An oilskin dripped on its hook until there was a lake beneath it.",
        "Somebody had drawn a ship on the misted window. By and by she ran down the glass.",
        "A gull stood on the sill and looked in like a bailiff.",
        "The tea was black and tasted of smoke, and there was a second pot.",
        "Two old men went by outside, quarrelling about a year that neither of them could remember.",
    ),
    beats=(
        "The talk was of the {ship}, as it always was that autumn. “She is late, nothing more,” said {A}. “Late is what they "
        "call it at first,” said {B}.",
        "A boy brought in a plank with green paint on it, and the {ship} was green. {A} turned it over and over. “Many ships "
        "are green,” said {B}, but not very loudly.",
        "A letter had come by the mail boat. The insurers would not pay for the {ship} until somebody proved that she was "
        "lost. “How do you prove a thing that is not there?” asked {A}. {B} had no answer.",
        "{A} had heard of a light that showed out by {cove} at night, low down and yellow. “Fishermen,” said {B}. “No "
        "fisherman goes there,” said {A}.",
        "The longboat of the {ship} had been found adrift. She was dry inside, the oars were lashed, and nobody could account "
        "for the newspaper under the thwart: it was only five days old. {A} read it aloud, and {B} listened with closed eyes.",
        "News came from the mainland that a stranger had bought lamp oil and biscuit for twenty men and had paid in foreign "
        "gold. “Twenty men,” said {B}. “The {ship} had twenty,” said {A}.",
        "The dog of {lost} had run off to the north shore, sat down opposite {cove} and could not be coaxed home. “Dogs are "
        "fools,” said {A}. “Not that one,” said {B}.",
        "An old woman swore that she had heard singing from {cove}, and a pump going. People laughed, but {A} asked her which "
        "song it was. It was the one that the crew of the {ship} used to sing at the capstan, and {B} stopped laughing.",
        "Somebody had gone through the desk of {lost}. In it lay bills from four banks, all of them unpaid, and a sketch of "
        "{cove} with the depths marked in red. {A} looked at {B}. “He did not lose her,” said {A}. “He hid her.”",
        "A revenue cutter anchored in the roads, and her officers asked politely for the {ship}. On the whole island nobody "
        "had seen or heard anything. {A} offered them tea, and {B} drew them a chart on which {cove} was missing.",
        "Six of them had rowed to {cove} and seen her: the {ship}, green as ever, her topmasts down and branches in her "
        "rigging. “She is sound,” said {A}, who could not stop grinning. {B} wept and blamed the onions.",
        "Then the door opened, and {lost} walked in, thinner, with a beard. The cargo was safe, he said; so was everybody's "
        "money, now that the banks had grown tired of waiting. {A} hit him first, and then embraced him. {B} did it the other "
        "way round.",
    ),
)
