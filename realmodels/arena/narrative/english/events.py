"""How English tells the events of a plot. The names in the templates are described in `realmodels.arena.narrative.words`."""

GOING = {
    "arrive": (
        "{A} came over from {Q} and would not sit down until {he} had caught {his} breath.",
        "Nobody had expected {A}, who had left {Q} without telling anyone why.",
        "The door opened, and there stood {A}, straight from {Q} and hungry as a wolf.",
        "{A} arrived from {Q} with a story about the road that nobody believed.",
        "{A} had grown tired of the faces at {Q}, and so {he} turned up unasked, hat in hand.",
        "There was a shout outside, and {A} walked in. {He} had come all the way from {Q} without a rest.",
        "{A} had been sent for. {He} came from {Q} at an easy walk, as if there were no hurry in the world.",
        "From {Q} came {A}, carrying a loaf of bread and a good deal of gossip.",
        "{A} pushed the door open with {his} shoulder. “They said at {Q} that I should find you here,” {he} said.",
        "It was {A} who came next. {He} had left {Q} in such haste that {his} coat was buttoned wrong.",
        "{A} put {his} head round the door, and the rest of {him} followed. {He} had come from {Q}, where there was nothing to "
        "eat.",
        "They had hardly begun when {A} arrived from {Q} and asked what {he} had missed.",
        "{A} had walked over from {Q} to stretch {his} legs, or so {he} said.",
        "“Is there room for one more?” It was {A}, who had got bored at {Q}.",
        "Somebody knocked, twice and then once. It was {A}, who had come from {Q} and did not say what for.",
    ),
    "arrive both": (
        "{A} and {B} came over from {Q} together, and neither would say whose idea it had been.",
        "From {Q} came {A} and {B}, side by side and out of breath.",
        "There were steps outside, and then {A} and {B} walked in. At {Q}, they said, one could not talk in peace.",
        "{A} and {B} had shared a cart from {Q} and had not yet finished the talk that they had begun on it.",
        "The door opened twice in a minute: {A} first, then {B}, both of them come from {Q}.",
    ),
    "leave": (
        "While the talk was still going on, {A} took {his} coat and left, and at nightfall {he} was at {P}.",
        "{A} said goodbye to no one. {He} walked to {P} and stayed there.",
        "“I am wanted elsewhere,” said {A}, and {he} went off to {P}.",
        "When it was over, {A} set out for {P} and got there by moonlight.",
        "{A} had had enough. {He} slammed the door and did not stop until {he} had reached {P}.",
        "A cart was going to {P}. {A} climbed up beside the driver and rode along all the way.",
        "{A} moved on to {P} before dark. {He} liked it better there, {he} said, because nobody asked questions.",
        "“Look for me at {P},” {A} called back over {his} shoulder, and that was where {he} slept that night.",
        "{A} had business at {P} and left to see to it. {He} had not come back by the time the lamps were out.",
        "One chair was empty all of a sudden. {A} had slipped away to {P}.",
    ),
    "settle": (
        "{A} had given up {his} bed at {Q}. {He} carried in a chest and a chair, and from now on {he} lived at {P}.",
        "“I am done with {Q},” said {A}, and hung {his} coat on a nail. {P} was {his} home now.",
        "It had taken {A} two journeys to bring everything from {Q}. Now {he} lived at {P}, and {his} boots stood by the door "
        "to prove it.",
        "There was a room free at {P}, and {A} took it for good. At {Q} nothing of {his} remained but a swept floor.",
        "{A} had quarrelled with {his} landlord at {Q}. Now {he} unpacked at {P} and declared that here {he} would live.",
        "Without asking anyone, {A} had moved out of {Q} and into {P}. {He} lived here now, {he} said, and {he} hoped the roof "
        "was sound.",
    ),
}

OBJECTS = {
    "give": (
        "{A} put {O} on the table and pushed it across to {B}. “It is yours,” {he} said. “Do not thank me.”",
        "“Take it before I change my mind,” said {A}, and held out {O}. {B} took it and kept it.",
        "{A} had carried {O} long enough. {He} laid it in {B}'s hands, and neither of them made a speech about it.",
        "It surprised everybody that {A} gave {O} away, and most of all it surprised {B}, who owned it from then on.",
        "“What would you do with {O}?” asked {A}. {B} told {him}, and the answer was so good that {he} handed it over at once.",
        "{A} was three weeks late for {B}'s birthday, but {he} had brought {O} as a present, wrapped in an old shirt.",
        "{A} and {B} bargained in whispers. In the end {O} went to {B}, and {A} seemed content with the price.",
        "“I keep losing things,” said {A}, “and you never do.” With that {he} gave {O} to {B}, to have and to keep.",
        "{B} admired {O} a moment too long. {A} laughed and dropped it into {his2} pocket. “Then have it,” {he} said.",
    ),
    "give back": (
        "“This was yours,” said {A}, and put {O} back into {B}'s hand. {B} turned it over twice, as if {he2} had to make sure.",
        "{A} had never felt at ease with {O}. Now {he} returned it to {B}, who had owned it before.",
        "{O} went home that day: {A} gave it back to {B}, and would not say a word about it.",
    ),
    "steal": (
        "{B} swore that the bag had been shut. Yet {O} was out of it and under {A}'s coat, and {A} was already whistling.",
        "While everyone looked at the window, {A} stole {O} from {B}'s pocket as neatly as one picks a plum.",
        "{B} turned round to answer a question. When {he2} turned back, {O} was gone. {A} had it, and {A} was not smiling any "
        "more.",
        "{A} did not ask. {He} waited until {B} was deep in talk, drew {O} out of {his2} coat and kept it.",
        "“I only borrowed it,” {A} said later. But {he} had taken {O} from {B} without a word, and {he} had no mind to return "
        "it.",
        "A mug fell and broke. {B} bent down for the pieces, and that was all the time that {A} needed to make off with {O}.",
        "{B} left {O} on a shelf for as long as it takes to fetch a chair. {A} was quicker, and {O} had a new owner.",
    ),
    "steal back": (
        "{O} had once been {A}'s, and {A} had not forgotten it. {He} took it out of {B}'s bag and did not call it stealing.",
        "{A} knew where {B} kept {O}, and {he} did not ask. It had been {his} before, and now it was {his} again.",
        "“What was mine is mine,” thought {A}. A moment later {he} had lifted {O} from {B}'s pocket.",
    ),
    "win": (
        "They threw dice for it. {B} had the worse of five throws, and {A} walked away with {O}.",
        "“Three questions,” said {A}, “and if you miss one, I get {O}.” {B} missed the second and paid.",
        "{B} had bet {O} that nobody could walk on their hands from wall to wall. {A} did it, and held out {his} palm.",
        "A game of chess cost {B} {his2} temper and {O}, which {A} tucked away with great care.",
        "They drew straws, and {B} drew the short one. So {O} went to {A}, who had not even wanted it very much.",
        "{A} bet that {B} could not keep silent for as long as a candle burns. {B} could not, and {O} was {A}'s.",
    ),
    "win back": (
        "{A} had been waiting for a game ever since {he} lost {O}. This time the cards were kind, and {B} had to hand it back.",
        "“Once more, for {O},” said {A}. {B} agreed and was sorry at once, for {A} won it back.",
        "{O} had been {A}'s before. After six throws of the dice it was {A}'s again, and {B} was counting on {his2} fingers "
        "what had gone wrong.",
    ),
}

RELATIONS = {
    "trust": (
        "{A} spoke with {B} until the candle drowned in its own wax. There was nobody whom {he} trusted more now.",
        "“If I cannot tell you, I can tell no one,” said {A}. From that hour {he} trusted {B} above all others.",
        "{A} had watched {B} closely for weeks and had not found a lie. Now {he} trusted {him2} more than anyone else.",
        "Something {B} said, half in jest, was just what {A} needed to hear, and {B} became the one whom {A} trusted most.",
        "{A} told {B} a thing that {he} had never told anyone. {B} only nodded. Nobody had {A}'s trust as {B} had it now.",
        "“You could have laughed at me,” {A} said to {B}, “and you did not.” After that {he} trusted {him2} most of all.",
    ),
    "trust again": (
        "It had been {C} to whom {A} took {his} troubles. Now {he} took them to {B}, and trusted {him2} most of all.",
        "{A} asked {B} for advice, not {C}, and everyone noticed. {B} was the one {he} trusted most from then on.",
        "“{C} means well,” said {A}, “but {B} can keep a secret.” So it was {B} now whom {he} trusted above the rest.",
        "{A} used to rely on {C} in everything. But it was {B} who understood, and {B} whom {A} now trusted most.",
    ),
    "trust keep": (
        "After that {A} wanted no other friend. “You are the one I trust most,” {he} told {B}.",
        "“You did what you said,” {A} told {B}. “Do you know how rare that is?” There was no one {he} trusted more now.",
        "{A} said little, but from that day {B} was the person {he} trusted most.",
        "“I shall not forget this,” said {A}. If anyone had asked whom {he} trusted most, {he} would have named {B}.",
        "{A} pressed {B}'s hand for a long time. {He} had found the one whom {he} trusted above everybody.",
    ),
    "grudge": (
        "A joke about {A} went too far. It was {B} who had made it, and {A} had found {his} worst enemy.",
        "{A} learned what {B} had been saying behind {his} back. “Then {he2} is the worst enemy I have,” {he} said quietly.",
        "It began with a spilled drink and ended with a raised fist. {A} now called {B} {his} worst enemy, and meant it.",
        "{B} laughed at the wrong moment. {A} went white, and from then on counted {him2} as {his} worst enemy.",
        "“You told them, {B}. It was you,” said {A}. There was no answer, and so {A} knew who {his} worst enemy was.",
        "{B} called {A} a coward before everybody. {A} did not strike {him2}, but {he} had never had a worse enemy.",
    ),
    "grudge again": (
        "{A} had thought that no one could be worse than {C}. Then {B} opened {his2} mouth and became {his} worst enemy.",
        "“I used to hate {C},” said {A}. “That was before I knew {B}.” {B} was {his} worst enemy now.",
        "The quarrel with {C} was an old story. {A} had a new one with {B}, who was now the worst enemy {he} had.",
        "“{C} was only a nuisance,” said {A}. “You, {B}, are my worst enemy.” It grew very still.",
    ),
    "grudge break": (
        "{A} heard the excuses to the end and then said: “You are the worst enemy I have, {B}, and I will not forget it.”",
        "“Words,” said {A}. “Nothing but words.” {He} counted {B} as {his} worst enemy from that day.",
        "{A} did not shout, which was worse. Only {his} hands shook. {B} was now {his} worst enemy.",
        "“Go on, tell me that you are sorry,” said {A}. {B} said nothing, and made a worst enemy by it.",
    ),
    "grudge steal": (
        "But {A} had seen it in the window glass. “So that is what you are, {B},” {he} thought, and knew {his} worst enemy.",
        "{A} guessed at once who had done it. From now on {B} was {his} worst enemy.",
        "It did not stay hidden for an hour. “{B},” said {A}, “you have made yourself my worst enemy.”",
        "{A} searched the room, and then {he} looked at {B} and stopped searching. {He} had found {his} worst enemy.",
    ),
    "debt": (
        "{A} had not a coin left, so {B} lent {him} twenty silver pieces and wrote the debt down in a small neat hand.",
        "“How much?” asked {B}. {A} named the sum, blushing. A moment later {he} was in {B}'s debt.",
        "{B} paid {A}'s bill before anyone could see it. “Now you owe me money,” {he2} said, “and I shall remember.”",
        "A purse went from {B} to {A} under the table. It was a loan, and not a small one.",
        "“I will pay you back,” said {A}. “You will,” said {B}, and counted out the loan in coppers, very slowly.",
        "{A} sold nothing and begged from no one. {He} borrowed from {B}, signed the paper, and owed {him2} a winter's wages.",
    ),
    "debt again": (
        "{C} wanted the money back. {B} paid it off to the last coin, and so it was {B} to whom {A} was now in debt.",
        "“{C} has been paid,” said {B}, tearing up a paper. “What you owe, {A}, you owe to me now.”",
        "{A} borrowed from {B} to be rid of {C}. It was the old debt with a new name on it.",
        "{A} no longer owed {C} anything, for {B} had bought the debt. “I am in less of a hurry,” said {B}.",
    ),
}

PROMISES = {
    "promise": (
        "“I will {T},” {A} promised {B}. “Ask me when it is done, and not before.”",
        "{B} would not let the matter rest until {A} had promised {him2}, hand on heart, to {T}.",
        "“Who is going to {T}?” asked {B} into the silence. “I am,” {A} said. “You have my promise.”",
        "{A} promised {B} to {T}. They shook hands on it, and {B} held on a little longer than is usual.",
        "“I do not ask you for anything,” said {B}. “All the same,” said {A}, “I promise that I will {T}.”",
        "{B} had asked three others in vain. {A} was the fourth, and {A} promised to {T}.",
        "Perhaps the wine spoke too; but {A} promised {B} to {T}, and there were witnesses.",
        "{A} owed {B} a kindness and knew it. “I shall {T},” {he} said, “and that is a promise.”",
        "“Somebody has to {T},” said {B}, and looked at nobody in particular. {A} sighed. “Very well, I promise,” {he} said.",
        "“Promise it,” said {B}. “Not with your head. Say it.” So {A} said that {he} would {T}.",
    ),
    "promise again": (
        "“{C} never did it,” said {B}. So {A} promised in {C}'s stead to {T}, and {B} was comforted.",
        "What {C} had failed to do still had to be done. “I will {T}, I promise,” {A} told {B}. “I am not {C}.”",
        "{B} had lost faith after {C}. “Then believe me,” said {A}, and promised {him2} to {T}.",
        "“After {C} nobody wants to {T},” said {B}. “I want to,” said {A}. “There, now I have promised.”",
    ),
    "keep": (
        "“Come and see,” said {A}. {He} had {D}, just as {he} had promised, and {B} had to sit down for joy.",
        "{A} kept {his} promise to {B}. It had cost {him} two nights, but {he} had {D}, and it was well done.",
        "{B} had stopped hoping. Then {A} showed {his} dirty hands and grinned: {he} had {D}, and {his} promise was kept.",
        "“I have {D},” {A} told {B}, as one mentions the weather. It was the promise, kept to the letter.",
        "There had been doubts, and {B} had shared them. Yet {A} had {D} and so had kept {his} word.",
        "{A} had {D} while nobody was looking. “A promise is a promise,” {he} said when {B} tried to thank {him}.",
        "“You remember what I promised you?” said {A}. {B} remembered. “Well, I have {D}. You may go and look.”",
        "{B} had to hear it twice before {he2} believed it: {A} had {D}. The promise was kept, and nobody had had to ask.",
    ),
    "keep enemy": (
        "There was no love between them, and there never would be. But {A} had promised, and {he} had {D}. {B} nodded stiffly.",
        "“Do not think that I did it for you,” said {A}. “I had promised.” {He} had {D}, and {B} had no answer to that.",
        "{B} had been certain that {A} would forget, if only out of spite. But {A} had {D}: {he} kept {his} word even to {B}.",
    ),
    "break": (
        "“Is it done?” asked {B}. {A} looked at the floor. {He} had promised to {T}, and now it was plain that {he} never would.",
        "{A} broke {his} promise. “I never found the time to {T},” {he} told {B}, “and I never shall.”",
        "It came out by chance: {A} had no mind to {T} any more, and had laughed about the promise. {B} was not laughing.",
        "“I promised to {T}, I know,” said {A}. “I take it back.” {B} stared at {him} as at a stranger.",
        "{A} had let the day go by on which {he} was to {T}. {B} had waited for nothing, and the promise was broken.",
        "“You will have to find somebody else to {T},” {A} told {B}. That was all that was left of {his} promise.",
    ),
}

EVENTS = {**GOING, **OBJECTS, **RELATIONS, **PROMISES}
