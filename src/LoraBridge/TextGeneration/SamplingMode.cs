using System.Collections.ObjectModel;
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

    /// <summary>What logits are divided by: below 1 the distribution is sharper, above 1 flatter; 0 is greedy.</summary>
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

    /// <summary>
    /// Divides positive logits, and multiplies negative ones, of tokens within <see cref="PenaltyWindow"/>: values above 1 discourage
    /// repetition, 1 disables it. Paper: <see href="https://arxiv.org/abs/1909.05858"/>.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Not above 0, infinite or not a number.</exception>
    public float RepetitionPenalty
    {
        get;
        init => field = float.IsFinite(value) && value > 0 ? value : throw OutOfRange(value, "a finite number above 0");
    } = 1;

    /// <summary>Subtracted from the logit of a token for each time it occurred within <see cref="PenaltyWindow"/>; 0 disables it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Infinite or not a number.</exception>
    public float FrequencyPenalty
    {
        get;
        init => field = float.IsFinite(value) ? value : throw OutOfRange(value, "a finite number");
    }

    /// <summary>Subtracted once from the logit of a token that occurred within <see cref="PenaltyWindow"/>; 0 disables it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Infinite or not a number.</exception>
    public float PresencePenalty
    {
        get;
        init => field = float.IsFinite(value) ? value : throw OutOfRange(value, "a finite number");
    }

    /// <summary>How many of the latest tokens, of the prompt and of the answer, the three penalties look at: 64 unless set; -1 for all.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than -1.</exception>
    public int PenaltyWindow
    {
        get;
        init => field = value >= -1 ? value : throw OutOfRange(value, "-1 or more");
    } = 64;

    /// <summary>Penalises repeated sequences, however long ago; null disables it.</summary>
    public DryOptions? Dry { get; init; }

    /// <summary>
    /// With this probability, the most probable tokens are left out, so that less usual ones get their turn; 0 never. Source:
    /// <see href="https://github.com/oobabooga/text-generation-webui/pull/6335"/>.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Not 0 to 1.</exception>
    public float XtcProbability
    {
        get;
        init => field = value is >= 0 and <= 1 ? value : throw OutOfRange(value, "0 to 1");
    }

    /// <summary>Probability from which on XTC leaves tokens out, all but the least probable of them; above 0.5 it has no effect.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not 0 to 1.</exception>
    public float XtcThreshold
    {
        get;
        init => field = value is >= 0 and <= 1 ? value : throw OutOfRange(value, "0 to 1");
    } = 0.1f;

    /// <summary>Added to the logits of tokens before anything else; negative infinity bans a token. Null or empty for none.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A token is negative, or what is added is not a number or positive infinity.</exception>
    public IReadOnlyDictionary<int, float>? LogitBias
    {
        get;
        init
        {
            foreach (var (token, bias) in value ?? ReadOnlyDictionary<int, float>.Empty)
            {
                if (token < 0)
                    throw OutOfRange(token, "for tokens from 0 on");
                if (float.IsNaN(bias) || float.IsPositiveInfinity(bias))
                    throw OutOfRange(bias, "made of finite numbers or negative infinity");
            }
            field = value is null ? null : new Dictionary<int, float>(value);
        }
    }

    /// <summary>What the answer may look like; null leaves it free.</summary>
    public Grammar? Grammar { get; init; }

    /// <summary>Seed of the random choice: the same seed and text give the same answer. Null draws a new one for each answer.</summary>
    public uint? Seed { get; init; }

    internal static ArgumentOutOfRangeException OutOfRange(object value, string expected, [CallerMemberName] string name = "") =>
        new(name, value, $"{name} is {expected}.");
}
