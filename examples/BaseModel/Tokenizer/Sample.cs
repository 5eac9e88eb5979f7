namespace LoraBridge.Examples.BaseModel.Tokenizer;

/// <summary>Tokens and, aligned with them, the labels: the token itself where it is to be predicted.</summary>
internal sealed record Sample(int[] InputIds, int[] Labels)
{
    /// <summary>The label of a token that is not to be predicted.</summary>
    public const int Ignored = -100;

    public int Length => InputIds.Length;

    /// <summary>Its first tokens.</summary>
    public Sample Take(int length) => length >= Length ? this : new(InputIds[..length], Labels[..length]);

    /// <summary>One line as <c>lorabridge train</c> and <c>eval</c> read it.</summary>
    public string ToJsonLine() => $"{{\"input_ids\":[{string.Join(',', InputIds)}],\"labels\":[{string.Join(',', Labels)}]}}";
}
