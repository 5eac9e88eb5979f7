using LoraBridge.TextGeneration;
using LoraBridge.Training.Batching;

namespace LoraBridge.Data;

/// <summary>A tokenized sample, and whether its mask had to be given up.</summary>
internal readonly record struct TokenizedSample(TrainingSample Sample, bool IsUnmasked = false);

/// <summary>Turns samples into tokens and labels, whatever their length.</summary>
internal sealed class SampleTokenizer(ITokenizer tokenizer, IChatTemplate? template, bool assistantLossOnly)
{
    /// <exception cref="DatasetRowException">The sample does not fit the model, its template or the loss asked for.</exception>
    public TokenizedSample Tokenize(RawSample sample) => sample switch
    {
        ChatSample chat => Tokenize(chat.Chat),
        CompletionSample completion => new TokenizedSample(Tokenize(completion)),
        TextSample text => new TokenizedSample(Tokenize(text)),
        TokenSample tokens => new TokenizedSample(Check(tokens)),
        _ => throw new ArgumentException($"unknown sample type {sample.GetType().Name}", nameof(sample)),
    };

    private TokenizedSample Tokenize(ChatHistory chat)
    {
        if (template is null)
            throw new DatasetRowException("the model has no chat template, so it cannot be trained on conversations");
        var whole = Render(chat);
        var tokens = TokenizeWithBeginning(whole);
        if (!assistantLossOnly)
            return new TokenizedSample(TrainingSample.Counting(tokens, ..));
        if (chat.All(message => message.Role != ChatRole.Assistant))
            throw new DatasetRowException("the conversation has no turn of the assistant to learn from");

        var spans = new AssistantSpans(template, chat, whole).Find();
        if (spans is null)
            return new TokenizedSample(TrainingSample.Counting(tokens, ..), IsUnmasked: true);
        Range[] ranges = [.. spans.Select(span => TokenIndex(whole, tokens, span.Start.Value)..TokenIndex(whole, tokens, span.End.Value))];
        return new TokenizedSample(TrainingSample.Counting(tokens, ranges));
    }

    private string Render(ChatHistory chat)
    {
        try
        {
            return template!.Render(chat, addGenerationPrompt: false, chat.Tools);
        }
        catch (ChatTemplateException exception)
        {
            throw new DatasetRowException(exception.Message);
        }
    }

    /// <summary>The number of tokens that end at or before a character; one that straddles it belongs to what follows.</summary>
    private int TokenIndex(string whole, int[] tokens, int character) => character == whole.Length
        ? tokens.Length
        : TokenizeWithBeginning(whole[..character]).AsSpan().CommonPrefixLength(tokens);

    private TrainingSample Tokenize(CompletionSample sample)
    {
        var given = TokenizeWithBeginning(sample.Prompt);
        var all = WithEnd(TokenizeWithBeginning(sample.Prompt + sample.Completion));
        var start = assistantLossOnly ? given.AsSpan().CommonPrefixLength(all) : 0;
        return TrainingSample.Counting(all, start..);
    }

    private TrainingSample Tokenize(TextSample sample)
    {
        var tokens = tokenizer.Tokenize(sample.Text, addSpecial: sample.IsStart, parseSpecial: false);
        return TrainingSample.Counting(sample.IsEnd ? WithEnd(tokens) : tokens, ..);
    }

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
            throw new DatasetRowException($"'{name}' holds {tokens[wrong]}; the model's tokens are 0 to {tokenizer.VocabularySize - 1}");
    }

    /// <summary>A template that writes the beginning mark itself does not get a second one.</summary>
    private int[] TokenizeWithBeginning(string text)
    {
        var tokens = tokenizer.Tokenize(text, addSpecial: true, parseSpecial: true);
        return tokens is [var first, var second, ..] && first == second && first == tokenizer.BeginningToken ? tokens[1..] : tokens;
    }

    private int[] WithEnd(int[] tokens) =>
        tokenizer.EndToken is { } end && (tokens.Length == 0 || tokens[^1] != end) ? [.. tokens, end] : tokens;
}
