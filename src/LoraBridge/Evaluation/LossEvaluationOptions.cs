namespace LoraBridge.Finetuning;

/// <summary>How <see cref="LossEvaluation"/> reads the data.</summary>
public sealed record LossEvaluationOptions
{
    private readonly int _contextLength;

    /// <summary>
    /// The longest sample in tokens: longer conversations are cut, texts split into windows. 0, the default, takes what the model was
    /// trained for, at most 2048. Use the value of the training to compare with it.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Negative, or 1: nothing would be predicted.</exception>
    public int ContextLength
    {
        get => _contextLength;
        init => _contextLength = value is 0 or >= 2 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "A context has 2 tokens or more, or is 0.");
    }

    /// <summary>Count only what the assistant says, or the completions: true unless set. Rows with labels and plain texts keep their own.</summary>
    public bool AssistantLossOnly { get; init; } = true;

    /// <inheritdoc cref="LoraTrainingParameters.ParseSpecialTokensInText"/>
    public bool ParseSpecialTokensInText { get; init; } = true;

    /// <inheritdoc cref="LoraTrainingParameters.ParseSpecialTokensInMessages"/>
    public bool ParseSpecialTokensInMessages { get; init; }

    /// <inheritdoc cref="LoraTrainingParameters.ChatTemplate"/>
    public string? ChatTemplate { get; init; }
}
