namespace LoraBridge.TextGeneration;

/// <summary>
/// "Don't repeat yourself": tokens that would continue a sequence that came up before become less likely, the more the longer it is.
/// Source: <see href="https://github.com/oobabooga/text-generation-webui/pull/5677"/>.
/// </summary>
public sealed record DryOptions
{
    /// <summary>How strong the penalty is; 0.8 is usual.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Negative, infinite or not a number.</exception>
    public float Multiplier
    {
        get;
        init => field = float.IsFinite(value) && value >= 0 ? value : throw SamplingMode.OutOfRange(value, "a finite number that is not negative");
    } = 0.8f;

    /// <summary>How fast the penalty grows with each further token of the sequence.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than 1, infinite or not a number.</exception>
    public float Base
    {
        get;
        init => field = float.IsFinite(value) && value >= 1 ? value : throw SamplingMode.OutOfRange(value, "a finite number of 1 or more");
    } = 1.75f;

    /// <summary>The length from which on a repeated sequence is penalised, in tokens.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than 1.</exception>
    public int AllowedLength
    {
        get;
        init => field = value >= 1 ? value : throw SamplingMode.OutOfRange(value, "1 or more");
    } = 2;

    /// <summary>How many of the latest tokens are looked at; -1 for all.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than -1.</exception>
    public int Window
    {
        get;
        init => field = value >= -1 ? value : throw SamplingMode.OutOfRange(value, "-1 or more");
    } = -1;

    /// <summary>Texts that end a sequence: a token that contains one is never part of it.</summary>
    /// <exception cref="ArgumentException">A text is null or empty.</exception>
    public IReadOnlyList<string> SequenceBreakers
    {
        get;
        init
        {
            ArgumentNullException.ThrowIfNull(value);
            string[] breakers = [.. value];
            if (breakers.Any(string.IsNullOrEmpty))
                throw new ArgumentException("A sequence breaker is not empty.", nameof(SequenceBreakers));
            field = breakers;
        }
    } = ["\n", ":", "\"", "*"];
}
