using System.Runtime.CompilerServices;

namespace LoraBridge.TextGeneration;

/// <summary>How the next token is chosen from the model's probabilities.</summary>
public sealed record SamplingMode
{
    private readonly float _temperature;
    private readonly int _topK;
    private readonly float _topP = 1;
    private readonly float _minP;

    /// <summary>Always the most probable token: the same answer each time.</summary>
    public static SamplingMode Greedy { get; } = new();

    /// <summary>A usual choice for chats: temperature 0.8, top-k 40, top-p 0.95, min-p 0.05.</summary>
    public static SamplingMode Default { get; } = new() { Temperature = 0.8f, TopK = 40, TopP = 0.95f, MinP = 0.05f };

    /// <summary>Divides the logits: below 1 sharper, above 1 flatter; 0 chooses greedily.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Negative, infinite or not a number.</exception>
    public float Temperature
    {
        get => _temperature;
        init => _temperature = float.IsFinite(value) && value >= 0 ? value : throw OutOfRange(value, "a finite number that is not negative");
    }

    /// <summary>Keep only this many of the most probable tokens; 0 keeps all.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Negative.</exception>
    public int TopK
    {
        get => _topK;
        init => _topK = value >= 0 ? value : throw OutOfRange(value, "0 or more");
    }

    /// <summary>
    /// Keep the most probable tokens that together have this probability; 1 keeps all. Paper: <see href="https://arxiv.org/abs/1904.09751"/>.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Not above 0 and at most 1.</exception>
    public float TopP
    {
        get => _topP;
        init => _topP = value is > 0 and <= 1 ? value : throw OutOfRange(value, "above 0 and at most 1");
    }

    /// <summary>
    /// Keep tokens of at least this share of the best one's probability; 0 keeps all. Paper: <see href="https://arxiv.org/abs/2407.01082"/>.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Not 0 to 1.</exception>
    public float MinP
    {
        get => _minP;
        init => _minP = value is >= 0 and <= 1 ? value : throw OutOfRange(value, "0 to 1");
    }

    /// <summary>Seed of the random choice: the same seed and text give the same answer. Null draws a new one for each answer.</summary>
    public uint? Seed { get; init; }

    private static ArgumentOutOfRangeException OutOfRange(object value, string expected, [CallerMemberName] string name = "") =>
        new(name, value, $"{name} is {expected}.");
}
