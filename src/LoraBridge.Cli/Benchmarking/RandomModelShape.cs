using System.Globalization;

namespace LoraBridge.Cli.Benchmarking;

/// <summary>Sizes of a llama model with random weights.</summary>
public sealed record RandomModelShape
{
    private static readonly Dictionary<string, RandomModelShape> Named = new(StringComparer.OrdinalIgnoreCase)
    {
        ["tiny"] = new() { Layers = 2, Embedding = 256, FeedForward = 512, Heads = 4, KeyHeads = 2, Vocabulary = 512 },
        ["0.1b"] = new() { Layers = 12, Embedding = 768, FeedForward = 2048, Heads = 12, KeyHeads = 12 },
        ["0.5b"] = new(),
        ["1b"] = new() { Layers = 16, Embedding = 2048, FeedForward = 8192, Heads = 32, KeyHeads = 8 },
        ["3b"] = new() { Layers = 28, Embedding = 3072, FeedForward = 8192, Heads = 24, KeyHeads = 8 },
        ["8b"] = new() { Layers = 32, Embedding = 4096, FeedForward = 14_336, Heads = 32, KeyHeads = 8, Vocabulary = 128_256 },
    };

    /// <summary>Layers.</summary>
    public int Layers { get; init; } = 24;

    /// <summary>D, the width of the hidden state: a multiple of 256, the block of K-quants.</summary>
    public int Embedding { get; init; } = 1024;

    /// <summary>F, the width of the feed-forward block: a multiple of 256.</summary>
    public int FeedForward { get; init; } = 4096;

    /// <summary>Heads of queries; they divide <see cref="Embedding"/>.</summary>
    public int Heads { get; init; } = 16;

    /// <summary>Heads of keys and values; they divide <see cref="Heads"/>.</summary>
    public int KeyHeads { get; init; } = 16;

    /// <summary>V, tokens: at least 260.</summary>
    public int Vocabulary { get; init; } = 32_000;

    /// <summary>Tokens that the model is said to read at once.</summary>
    public int ContextLength { get; init; } = 4096;

    /// <summary>Width of a head.</summary>
    public int HeadSize => Embedding / Heads;

    /// <summary>The names that <see cref="Parse"/> knows.</summary>
    public static IEnumerable<string> Names => Named.Keys;

    /// <summary>A shape by its name (<c>0.5b</c> has 0.44 billion weights), or by numbers: <c>LAYERSxEMBEDDINGxFEEDFORWARD</c>, with heads of 64.</summary>
    /// <exception cref="ArgumentException">It is neither.</exception>
    public static RandomModelShape Parse(string text)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(text);
        if (Named.TryGetValue(text, out var shape))
            return shape;
        if (text.Split('x') is [var layers, var embedding, var feedForward] && TryRead(layers, out var l) && TryRead(embedding, out var d) && TryRead(feedForward, out var f))
            shape = new RandomModelShape { Layers = l, Embedding = d, FeedForward = f, Heads = Math.Max(1, d / 64), KeyHeads = Math.Max(1, d / 64) };
        shape?.Validate();
        return shape ?? throw new ArgumentException($"The shape is '{text}', expected {string.Join(", ", Names)} or three numbers such as 24x1024x4096.");
    }

    /// <summary>Checks all sizes.</summary>
    /// <exception cref="ArgumentException">One of them cannot be.</exception>
    public void Validate()
    {
        Require(Layers is > 0 and <= 1024, nameof(Layers), Layers, "1 to 1024");
        Require(Embedding > 0 && Embedding % 256 == 0, nameof(Embedding), Embedding, "a multiple of 256");
        Require(FeedForward > 0 && FeedForward % 256 == 0, nameof(FeedForward), FeedForward, "a multiple of 256");
        Require(Heads > 0 && Embedding % Heads == 0 && HeadSize % 2 == 0, nameof(Heads), Heads, $"a divisor of {Embedding} that leaves heads of even width");
        Require(KeyHeads > 0 && Heads % KeyHeads == 0, nameof(KeyHeads), KeyHeads, $"a divisor of {Heads}");
        Require(Vocabulary is >= RandomVocabulary.Smallest and <= 1 << 20, nameof(Vocabulary), Vocabulary, $"at least {RandomVocabulary.Smallest}");
        Require(ContextLength > 1, nameof(ContextLength), ContextLength, "at least 2");
    }

    private static bool TryRead(string text, out int value) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);

    private static void Require(bool condition, string name, int value, string expected)
    {
        if (!condition)
            throw new ArgumentException($"{name} is {value}, expected {expected}.", name);
    }
}
