using System.Globalization;
using LoraBridge.TextGeneration;
using LoraBridge.Training.Batching;

namespace LoraBridge.Data;

/// <summary>A tokenized sample.</summary>
/// <param name="Sample">Tokens and labels.</param>
/// <param name="IsUnmasked">Whether the assistant's turns could not be told apart, so that everything is trained on.</param>
internal readonly record struct TokenizedSample(TrainingSample Sample, bool IsUnmasked = false)
{
    /// <summary>What of the row is not trained on although it could be meant to.</summary>
    public IReadOnlyList<string> Losses { get; init; } = [];

    /// <summary>Control tokens that were read from text, which are not the template's.</summary>
    public int SpecialTokens { get; init; }
}

/// <summary>Turns samples into tokens and labels, whatever their length.</summary>
internal sealed class SampleTokenizer(ITokenizer tokenizer, IChatTemplate? template, SampleOptions options)
{
    private readonly SequenceTokenizer _sequences = new(tokenizer);
    private readonly Lazy<HashSet<int>> _controls = new(() => [.. tokenizer.ControlTokens.Select(control => control.Id)]);
    private readonly ChatTokenizer _chats = new(tokenizer, new SequenceTokenizer(tokenizer), template, options);

    /// <exception cref="DatasetRowException">The sample does not fit the model, its template or the loss asked for.</exception>
    public TokenizedSample Tokenize(RawSample sample)
    {
        if (sample is not TokenSample && !tokenizer.CanTokenize)
            throw new DatasetRowException("the model has no tokenizer, so it can only be given rows of input_ids");
        return sample switch
        {
            ChatSample chat => _chats.Tokenize(chat),
            CompletionSample completion => Tokenize(completion),
            TextSample text => Tokenize(text),
            TokenSample tokens => new TokenizedSample(Check(tokens)),
            _ => throw new ArgumentException($"unknown sample type {sample.GetType().Name}", nameof(sample)),
        };
    }

    private TokenizedSample Tokenize(CompletionSample sample)
    {
        var given = TokenizeText(sample.Prompt, isStart: true);
        var tokens = TokenizeText(sample.Prompt + sample.Completion, isStart: true);
        var special = CountSpecial(tokens);
        var all = WithEnd(tokens, sample.Prompt + sample.Completion);
        var start = options.AssistantLossOnly ? given.AsSpan().CommonPrefixLength(all) : 0;
        return new TokenizedSample(TrainingSample.Counting(all, start..)) { SpecialTokens = special };
    }

    private TokenizedSample Tokenize(TextSample sample)
    {
        var tokens = TokenizeText(sample.Text, sample.IsStart);
        var special = CountSpecial(tokens);
        return new TokenizedSample(TrainingSample.Counting(sample.IsEnd ? WithEnd(tokens, sample.Text) : tokens, ..)) { SpecialTokens = special };
    }

    private int[] TokenizeText(string text, bool isStart) => isStart
        ? _sequences.Tokenize(text, options.ParseSpecialTokensInText)
        : tokenizer.Tokenize(text, options.ParseSpecialTokensInText);

    private int CountSpecial(int[] tokens) => options.ParseSpecialTokensInText
        ? tokens.Where((token, index) => index > 0 || token != tokenizer.BeginningToken).Count(_controls.Value.Contains)
        : 0;

    private TrainingSample Check(TokenSample sample)
    {
        CheckRange("input_ids", sample.Tokens, isLabel: false);
        if (sample.Labels is null)
            return TrainingSample.Counting(sample.Tokens, ..);
        CheckRange("labels", sample.Labels, isLabel: true);
        return new TrainingSample(sample.Tokens, sample.Labels).Part(0, sample.Tokens.Length);
    }

    private void CheckRange(string name, int[] tokens, bool isLabel)
    {
        if (tokens.Length == 0)
            throw new DatasetRowException($"'{name}' is empty");
        var wrong = Array.FindIndex(tokens, token =>
            (token < 0 || token >= tokenizer.VocabularySize) && !(isLabel && token == TrainingSample.Ignored));
        if (wrong >= 0)
            throw new DatasetRowException(string.Create(
                CultureInfo.InvariantCulture, $"'{name}' holds {tokens[wrong]}; the model's tokens are 0 to {tokenizer.VocabularySize - 1}"));
    }

    /// <summary>A text that ends a turn or a document itself, but for white space, gets no second end.</summary>
    private int[] WithEnd(int[] tokens, string text)
    {
        if (tokenizer.EndToken is not { } end)
            return tokens;
        var spoken = text.AsSpan().TrimEnd().Length == text.Length
            ? tokens
            : tokenizer.Tokenize(text.TrimEnd(), options.ParseSpecialTokensInText);
        return spoken is [.., var last] && (last == end || (tokenizer.IsEndOfGeneration(last) && options.ParseSpecialTokensInText)) ? tokens : [.. tokens, end];
    }
}
