namespace LoraBridge.Examples.BaseModel.World;

/// <summary>The closed vocabulary of the world. Small on purpose: a model of five million parameters must meet each word often.</summary>
internal static class Words
{
    public static readonly string[] Women =
        ["Ada", "Bella", "Cara", "Dora", "Elsa", "Fiona", "Greta", "Hanna", "Iris", "Julia", "Kate", "Lena", "Mira", "Nora", "Olga", "Paula"];

    public static readonly string[] Men =
        ["Adam", "Ben", "Carl", "Dan", "Emil", "Felix", "George", "Hugo", "Ivan", "Jack", "Karl", "Leo", "Max", "Nils", "Oscar", "Peter"];

    /// <summary>Names of people who pass through short texts with other facts each time.</summary>
    public static readonly string[] Strangers =
        ["Rosa", "Sara", "Tessa", "Uma", "Vera", "Wanda", "Yara", "Zoe", "Ralph", "Simon", "Tom", "Urban", "Victor", "Walter", "Yann", "Zack"];

    public static readonly string[] Towns =
        ["Oakford", "Millbay", "Redhill", "Stonewick", "Larkspur", "Ferndale", "Greywater", "Highmoor", "Saltmarsh", "Brookend"];

    public static readonly string[] Jobs =
    [
        "baker", "teacher", "sailor", "farmer", "doctor", "painter", "carpenter", "tailor",
        "gardener", "librarian", "fisherman", "blacksmith", "postman", "cook", "clockmaker", "beekeeper",
    ];

    public static readonly string[] Pets = ["cat", "dog", "parrot", "rabbit", "goat", "pony", "turtle", "hen", "mouse", "frog"];

    public static readonly string[] PetNames =
    [
        "Biscuit", "Pepper", "Shadow", "Button", "Clover", "Ginger", "Pickle", "Sunny", "Bramble", "Cocoa",
        "Misty", "Patch", "Nutmeg", "Rusty", "Snowy", "Dusty", "Willow", "Ziggy", "Toffee", "Marble",
    ];

    public static readonly string[] Foods =
    [
        "soup", "bread", "apples", "cheese", "pancakes", "noodles", "plums", "fish",
        "carrots", "honey", "mushrooms", "rice", "cherries", "potatoes",
    ];

    public static readonly string[] Drinks = ["tea", "coffee", "milk", "lemonade", "cocoa", "cider", "water", "juice"];

    public static readonly string[] Colours =
        ["red", "blue", "green", "yellow", "purple", "orange", "white", "black", "brown", "pink", "grey", "silver"];

    public static readonly string[] Hobbies =
        ["fishing", "reading", "dancing", "swimming", "climbing", "knitting", "singing", "sailing", "cycling", "running", "drawing", "skating"];

    public static readonly string[] Things =
    [
        "kite", "boat", "bicycle", "lamp", "clock", "ladder", "drum", "hat",
        "coat", "chair", "kettle", "basket", "mirror", "umbrella", "ball", "table",
    ];

    public static readonly string[] Instruments = ["flute", "violin", "piano", "guitar", "harp", "trumpet", "cello", "banjo", "horn", "fiddle"];

    public static readonly string[] Materials = ["wood", "iron", "glass", "paper", "leather", "wool", "clay", "copper", "stone", "cotton"];

    public static readonly string[] Days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

    public static readonly string[] Rivers = ["Ash", "Birch", "Crane", "Dove", "Elm", "Fern", "Glen", "Heron", "Ivy", "Juniper"];

    public static readonly string[] Goods = ["wool", "clocks", "cheese", "honey", "boats", "glass", "salt", "apples", "hats", "bells"];

    public static readonly string[] Landscapes = ["sea", "forest", "hills", "lake", "valley", "cliffs"];

    /// <summary>Everyday things: name, colour, kind.</summary>
    public static readonly (string Name, string Colour, string Kind)[] Common =
    [
        ("lemon", "yellow", "fruit"), ("tomato", "red", "vegetable"), ("carrot", "orange", "vegetable"), ("crow", "black", "bird"),
        ("swan", "white", "bird"), ("frog", "green", "animal"), ("plum", "purple", "fruit"), ("fox", "orange", "animal"),
        ("bear", "brown", "animal"), ("cherry", "red", "fruit"), ("lime", "green", "fruit"), ("pea", "green", "vegetable"),
        ("pig", "pink", "animal"), ("wolf", "grey", "animal"), ("banana", "yellow", "fruit"), ("rose", "red", "flower"),
        ("daisy", "white", "flower"), ("violet", "purple", "flower"), ("raven", "black", "bird"), ("mole", "black", "animal"),
    ];
}
