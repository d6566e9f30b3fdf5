"""What customers and the shop said to each other, as scripts with several ways to say each turn.

Slots: {product} is what the customer bought, {other} another product, {price} and {flavour} are the other's,
{effect} is what the customer looks for, {tier} a membership, {time} when they take something.
"""

from dataclasses import dataclass

Way = tuple[str, tuple[str, ...]]
"""What the customer says, and answers that fit it."""


@dataclass(frozen=True)
class Script:
    intent: str
    sentiment: float
    turns: tuple[tuple[Way, ...], ...]


SUGGESTIONS = (
    "{other} is a favorite for {effect}: {price}, {flavour} in taste.",
    "For {effect} I would look at {other}, {price}. It leans {flavour}.",
    "You could try {other}. It is {price} and made with {effect} in mind.",
)
NOTED = (
    "Thank you, I will keep that in mind.",
    "Good to know. I have noted it for next time.",
    "Noted. I will take it into account when you ask me for something.",
)
APOLOGIES = (
    "I am sorry about that. I am passing this to our team, and a person will get back to you.",
    "That should not happen, and I am sorry. I have written it down for our team with your {product}.",
)
PASSED_ON = (
    "Understood. I have added that to the note for the team.",
    "I have told the team what you would like. They decide and write to you.",
)
THANKS = ("You are welcome.", "My pleasure. Ask any time.", "Happy to help.")

SCRIPTS = (
    Script(
        "product_recommendation",
        0.2,
        (
            (
                ("What do you have for {effect}? I mostly take something {time}.", SUGGESTIONS),
                ("I'm looking for something for {effect}, ideally not too strong.", SUGGESTIONS),
                ("My usual is the {product}. Anything else you'd suggest for {effect}?", SUGGESTIONS),
                ("hey, any ideas for {effect}? nothing too fancy", SUGGESTIONS),
                ("Could you point me to something for {effect}, maybe something {flavour}?", SUGGESTIONS),
                ("My sister visits next week and asked for something for {effect}. Ideas?", SUGGESTIONS),
                ("I liked the {product} but want a change. What's good {time}?", SUGGESTIONS),
            ),
            (
                ("Is it very sweet? I don't like sugary things.", ("{other} is on the {flavour} side.",)),
                (
                    "How does it compare with {product}?",
                    ("{other} is the one made for {effect}, and it is more {flavour}.",),
                ),
                ("Do you have that one in the shop right now?", ("Yes, {other} is here today for {price}.",)),
                ("What's the flavor like?", ("{other} is {flavour}.", "Mostly {flavour}.")),
                ("And the price again?", ("{other} is {price}.",)),
            ),
            (
                ("Great, I'll pick one up {time}.", ("It will be here when you come by.",)),
                ("Thanks, let me think about it.", THANKS),
                ("Perfect, that helps a lot.", THANKS),
            ),
        ),
    ),
    Script(
        "preference",
        0.4,
        (
            (
                ("Just so you know, I can't stand {flavour} flavors, and I only take things {time}.", NOTED),
                ("Please remember I come to you for {effect}, and nothing {flavour}.", NOTED),
                ("I'm vegan, so no gelatin gummies for me. Otherwise {product} has been lovely.", NOTED),
                ("I share with my husband: he likes {flavour} ones, I like things for {effect}.", NOTED),
                ("I'm allergic to coconut, please keep that in mind when you suggest something.", NOTED),
                ("I work night shifts, so 'bedtime' for me is nine in the morning.", NOTED),
                ("I'd like to stay under thirty dollars from now on.", NOTED),
                ("I moved closer to the shop, so I will pick things up {time}.", NOTED),
                ("I quit smoking, so please no flower or vapes for me anymore.", NOTED),
            ),
        ),
    ),
    Script(
        "praise",
        0.8,
        (
            (
                ("The {product} was wonderful, best I've had for {effect}.", THANKS),
                ("Loved the {product}. My neighbor wants some now too.", THANKS),
                ("Just wanted to say the {product} is exactly what I was looking for.", THANKS),
                ("ok the {product} is so good, please never stop carrying it", THANKS),
                ("Took the {product} camping and everyone asked where it came from!", THANKS),
            ),
        ),
    ),
    Script(
        "membership_question",
        0.1,
        (
            (
                (
                    "Is the {tier} membership worth it if I come in once a month?",
                    ("That depends on your spending: 10% off with Bronze, 20% with Silver, 30% with Gold.",),
                ),
                (
                    "How much are the memberships again?",
                    ("Bronze is $47.00 a month, Silver $97.00 and Gold $197.00.",),
                ),
                (
                    "Does the member discount count for {product} too?",
                    ("Yes, it counts for all products.", "It does: every product is included."),
                ),
                (
                    "I'm wondering about {tier}. What do I get?",
                    ("Bronze takes 10% off everything, Silver 20% and Gold 30%, each with more benefits.",),
                ),
            ),
            (
                ("Okay, I'll do the math first.", ("Of course. Tell me whenever you would like to start.",)),
                ("Hmm, let me see how often I buy {product}.", ("Take your time.",)),
                ("Good, thanks.", THANKS),
            ),
        ),
    ),
    Script(
        "raffle_question",
        0.1,
        (
            (
                ("Which raffles are open?", ("They are listed on the raffle page; I can read them to you.",)),
                (
                    "How many tickets can one person buy?",
                    ("Each raffle has its own limit, and it is written beside the price.",),
                ),
                (
                    "How do I know the raffle draw is fair?",
                    ("The seed is published after the draw, so that anyone can check it.",),
                ),
                ("Did I win anything last time?", ("Winners are told by e-mail the same day.",)),
            ),
        ),
    ),
    Script(
        "store_question",
        0.0,
        (
            (
                ("Do I need to bring my ID every time?", ("Yes, please: we serve people of 21 and over.",)),
                (
                    "Can my brother pick up the {product} for me?",
                    ("I would rather have a colleague answer that than guess. Shall I pass it on?",),
                ),
                (
                    "Are you open on Sundays?",
                    ("I do not have the hours at hand; a colleague will tell you.",),
                ),
                (
                    "Where do I park when I come by {time}?",
                    ("I do not know that. I am passing the question to a colleague.",),
                ),
            ),
        ),
    ),
    Script(
        "product_question",
        0.0,
        (
            (
                (
                    "How much CBD is in the {product}?",
                    ("The milligrams of the whole package are on the front of the label.",),
                ),
                (
                    "How should I store the {product}?",
                    ("Cool, dark, closed, and out of reach of children and pets.",),
                ),
                (
                    "Can I take {product} on a plane?",
                    ("The rules differ from state to state, so please ask the airline first.",),
                ),
                (
                    "Will {product} go well with my medication?",
                    ("I cannot judge that. Please ask your doctor or pharmacist.",),
                ),
                (
                    "Can I take two of the {product} at once?",
                    ("Please stay with what the label says, and start low.",),
                ),
            ),
            (
                ("Makes sense, thank you.", THANKS),
                ("Alright. And {other}, is that similar?", ("{other} is for {effect} and costs {price}.",)),
                ("ok good to know", THANKS),
            ),
        ),
    ),
    Script(
        "complaint",
        -0.7,
        (
            (
                ("The {product} I bought was damaged when I opened it. Not happy.", APOLOGIES),
                ("My {product} arrived opened. What are you going to do about it?", APOLOGIES),
                ("Honestly the {product} was not what it used to be, and it isn't cheap.", APOLOGIES),
                ("The seal on my {product} was broken. This is the second time.", APOLOGIES),
                ("I waited twenty minutes at the counter for my {product}, no word from anyone.", APOLOGIES),
                ("There was one {product} missing from my bag when I got home.", APOLOGIES),
            ),
            (
                ("I'd rather have a refund than another one.", PASSED_ON),
                ("Fine, but I expect to hear from someone today.", PASSED_ON),
                ("A replacement would be okay I guess.", PASSED_ON),
            ),
        ),
    ),
)
SCRIPT_SHARES = (0.40, 0.12, 0.14, 0.09, 0.06, 0.06, 0.13, 0.0)
"""A complaint comes from a visit that gave cause for one, never by chance."""
COMPLAINT = len(SCRIPTS) - 1
CHANNELS = ("chat", "email", "voice")
CHANNEL_SHARES = (0.76, 0.17, 0.07)
TIMES = ("before bed", "in the morning", "after work", "on weekends", "before a long shift", "with dinner")
PURPOSES = {
    "calm": "unwinding",
    "sleep": "sleep",
    "focus": "focus",
    "energy": "energy",
    "relief": "sore rest days",
    "social": "a night with friends",
}
"""How a customer says an effect."""
