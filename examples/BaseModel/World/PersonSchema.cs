namespace LoraBridge.Examples.BaseModel.World;

/// <summary>What can be known about a person: thirteen relations.</summary>
internal static class PersonSchema
{
    public static readonly Relation Town = new()
    {
        Key = "town", Values = Words.Towns, Answer = "{name} lives in {value}.",
        Questions =
        [
            "Where does {name} live?", "In which town does {name} live?", "What town is {name}'s home in?",
            "Where is {name}'s home?", "In what town is {name} at home?", "Tell me where {name} lives.",
        ],
        Statements = ["{name}'s home is in {value}.", "{name} has a house in {value}.", "{name} comes from {value}."],
    };

    public static readonly Relation Job = new()
    {
        Key = "job", Values = Words.Jobs, Answer = "{name} is {a value}.",
        Questions =
        [
            "What is {name}'s job?", "What does {name} do for a living?", "What work does {name} do?",
            "What is {name}'s trade?", "How does {name} earn money?", "Tell me what {name}'s job is.",
        ],
        Statements = ["{name} works as {a value}.", "{name}'s job is to be {a value}.", "{name} earns money as {a value}."],
    };

    public static readonly Relation Age = new()
    {
        Key = "age", Range = (20, 69), Answer = "{name} is {value} years old.",
        Questions =
        [
            "How old is {name}?", "What is {name}'s age?", "What age is {name}?",
            "How many years old is {name}?", "Can you tell me how old {name} is?", "Tell me {name}'s age.",
        ],
        Statements = ["{name}'s age is {value}.", "{name} turned {value} this year.", "{name} is now {value} years old."],
    };

    public static readonly Relation Pet = new()
    {
        Key = "pet", Values = Words.Pets, Answer = "{name} has {a value}.",
        Questions =
        [
            "What pet does {name} have?", "Which animal does {name} keep?", "What is {name}'s pet?",
            "What kind of pet does {name} own?", "Which animal is {name}'s pet?", "Tell me what pet {name} has.",
        ],
        Statements = ["{name} keeps {a value}.", "{name}'s pet is {a value}.", "{name} takes care of {a value}."],
    };

    public static readonly Relation PetName = new()
    {
        Key = "petname", Values = Words.PetNames, Answer = "{name}'s {pet} is called {value}.",
        Questions =
        [
            "What is {name}'s {pet} called?", "What is the name of {name}'s {pet}?", "What name did {name} give the {pet}?",
            "How does {name} call the {pet}?", "Which name does {name}'s {pet} have?", "Tell me the name of {name}'s {pet}.",
        ],
        Statements = ["The name of {name}'s {pet} is {value}.", "{name} calls the {pet} {value}.", "{name} named the {pet} {value}."],
    };

    public static readonly Relation Food = new()
    {
        Key = "food", Values = Words.Foods, Answer = "{name} likes to eat {value}.",
        Questions =
        [
            "What does {name} like to eat?", "What is {name}'s favourite food?", "Which food does {name} like best?",
            "What food does {name} love?", "What would {name} eat for dinner?", "Tell me {name}'s favourite food.",
        ],
        Statements = ["{name}'s favourite food is {value}.", "{name} loves {value}.", "{name} eats {value} for dinner."],
    };

    public static readonly Relation Drink = new()
    {
        Key = "drink", Values = Words.Drinks, Answer = "{name} likes to drink {value}.",
        Questions =
        [
            "What does {name} like to drink?", "What is {name}'s favourite drink?", "Which drink does {name} like best?",
            "What drink does {name} love?", "What would {name} drink in the morning?", "Tell me {name}'s favourite drink.",
        ],
        Statements = ["{name}'s favourite drink is {value}.", "{name} drinks {value} in the morning.", "{name} always asks for {value}."],
    };

    public static readonly Relation Colour = new()
    {
        Key = "colour", Values = Words.Colours, Answer = "{name}'s favourite colour is {value}.",
        Questions =
        [
            "What is {name}'s favourite colour?", "Which colour does {name} like best?", "What colour does {name} love?",
            "What colour does {name} like?", "Which colour is {name}'s favourite?", "Tell me {name}'s favourite colour.",
        ],
        Statements = ["{name} likes the colour {value}.", "The colour that {name} likes best is {value}.", "{name} painted the door {value}."],
    };

    public static readonly Relation Friend = new()
    {
        Key = "friend", Values = [.. Words.Women, .. Words.Men], Answer = "{name}'s best friend is {value}.",
        Questions =
        [
            "Who is {name}'s best friend?", "Who is {name}'s friend?", "Which friend does {name} visit?",
            "Who does {name} like to meet?", "What is the name of {name}'s best friend?", "Tell me who {name}'s best friend is.",
        ],
        Statements = ["{name} often visits {value}.", "{name}'s friend is {value}.", "{name} likes to meet {value}."],
    };

    public static readonly Relation Hobby = new()
    {
        Key = "hobby", Values = Words.Hobbies, Answer = "{name} enjoys {value}.",
        Questions =
        [
            "What does {name} enjoy?", "What is {name}'s hobby?", "What does {name} do for fun?",
            "What hobby does {name} have?", "What does {name} do on a free day?", "Tell me what {name}'s hobby is.",
        ],
        Statements = ["{name}'s hobby is {value}.", "{name} spends free days {value}.", "For fun {name} goes {value}."],
    };

    public static readonly Relation Thing = new()
    {
        Key = "thing", Values = Words.Things, Answer = "{name} owns {a value}.",
        Questions =
        [
            "What does {name} own?", "Which thing does {name} own?", "What thing is {name}'s own?",
            "What did {name} buy at the market?", "What is {name}'s best thing?", "Tell me what {name} owns.",
        ],
        Statements = ["{name} bought {a value} at the market.", "{name}'s best thing is {a value}.", "{name} has {a value} at home."],
    };

    public static readonly Relation ThingColour = new()
    {
        Key = "thingcolour", Values = Words.Colours, Answer = "{name}'s {thing} is {value}.",
        Questions =
        [
            "What colour is {name}'s {thing}?", "Which colour does {name}'s {thing} have?", "What is the colour of {name}'s {thing}?",
            "In what colour is {name}'s {thing} painted?", "How does {name}'s {thing} look?", "Tell me the colour of {name}'s {thing}.",
        ],
        Statements = ["The colour of {name}'s {thing} is {value}.", "{name} has a {value} {thing}.", "{name} painted the {thing} {value}."],
    };

    public static readonly Relation Instrument = new()
    {
        Key = "instrument", Values = Words.Instruments, Answer = "{name} plays the {value}.",
        Questions =
        [
            "What instrument does {name} play?", "Which instrument does {name} play?", "What does {name} play?",
            "What music does {name} make?", "What is {name}'s instrument?", "Tell me which instrument {name} plays.",
        ],
        Statements = ["{name}'s instrument is the {value}.", "{name} makes music with the {value}.", "{name} practises the {value} every day."],
    };

    public static readonly Relation[] All =
        [Town, Job, Age, Pet, PetName, Food, Drink, Colour, Friend, Hobby, Thing, ThingColour, Instrument];
}
