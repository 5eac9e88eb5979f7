using LoraBridge.Examples.BaseModel.World;

namespace LoraBridge.Examples.BaseModel.Corpus;

/// <summary>Short stories whose heroes are people of the world and stay true to their facts.</summary>
internal static class Stories
{
    private static readonly string[] Openings =
    [
        "One morning in {town} {name} got up early.", "It was a cold day in {town}, and {name} was at home.",
        "On a sunny day {name} walked through {town}.", "Late in the evening {name} came home to {town}.",
    ];

    private static readonly string[] Middles =
    [
        "{name} drank {drink} and ate {food}.", "The {pet} {petname} sat next to the {thingcolour} {thing}.",
        "{name} looked for the {thingcolour} {thing}, but it was not there.", "After work as {a job}, {name} was tired and happy.",
        "{name} took the {instrument} and played an old song.", "{petname} the {pet} ran out of the door.",
        "At noon {name} went {hobby}.", "{name}'s friend {friend} came to visit.", "{name} saw a {colour} flower and was glad.",
        "Then {name} met {friend} at the bridge.", "{friend} and {name} carried the {thingcolour} {thing} home.",
        "It began to rain, so {name} ran home to {petname}.",
    ];

    private static readonly string[] Endings =
    [
        "In the end all was well.", "{name} laughed and went to sleep.", "It was a good day in {town}.",
        "{friend} and {name} still talk about that day.", "And {petname} the {pet} slept until morning.",
    ];

    private static readonly string[] Requests = ["Tell me a story about {name}.", "Tell a short story about {name}.", "Do you know a story about {name}?"];

    public static Document Story(WorldModel world, SeededRandom random)
    {
        var hero = random.Pick(world.People);
        string[] lines = [random.Pick(Openings), .. random.Shuffled(Middles)[..random.Between(3, 5)], random.Pick(Endings)];
        var story = string.Join(' ', lines.Select(line => Template.Fill(line, hero, PersonSchema.Town)));
        return random.Chance(50)
            ? Document.Prose(story)
            : Document.Ask(Template.Fill(random.Pick(Requests), hero, PersonSchema.Town), story, WorldDialogues.AnySystemLine(random));
    }
}
