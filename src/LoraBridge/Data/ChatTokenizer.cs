using LoraBridge.TextGeneration;
using LoraBridge.TextGeneration.Jinja;
using LoraBridge.Training.Batching;

namespace LoraBridge.Data;

/// <summary>Turns a conversation into tokens, and labels for what the assistant says.</summary>
internal sealed class ChatTokenizer(ITokenizer tokenizer, SequenceTokenizer sequences, IChatTemplate? template, SampleOptions options)
{
    private readonly Lazy<HashSet<int>> _controls = new(() => [.. tokenizer.ControlTokens.Select(control => control.Id)]);

    /// <exception cref="DatasetRowException">The template refuses the conversation, or nothing of it is to be learnt.</exception>
    public TokenizedSample Tokenize(ChatSample sample)
    {
        var rendered = Render(sample.Chat);
        var tokens = sequences.Tokenize(rendered.Text, options.ParseSpecialTokensInMessages);
        var losses = Losses(sample.Chat, rendered);
        var learnt = Enumerable.Range(0, sample.Chat.Count).Where(turn => sample.Chat[turn].Role == ChatRole.Assistant && !sample.Given.Contains(turn)).ToHashSet();
        if (!options.AssistantLossOnly && sample.Given.Count == 0)
            return new TokenizedSample(TrainingSample.Counting(tokens, ..)) { Losses = losses };
        if (options.AssistantLossOnly && learnt.Count == 0)
            throw new DatasetRowException("the conversation has no turn of the assistant to learn from" + (sample.Given.Count > 0
                ? ": all are given"
                : $": its roles are {string.Join(", ", sample.Chat.Select(message => message.Role).Distinct())}"));

        var spans = new AssistantSpans(template!, sample.Chat, rendered.Text).Find();
        if (spans is null && sample.Given.Count > 0)
            throw new DatasetRowException("some of the assistant's turns are not to be learnt, but the chat template does not let turns be told apart");
        if (spans is null)
            return new TokenizedSample(TrainingSample.Counting(tokens, ..), IsUnmasked: true) { Losses = losses };
        if (options.AssistantLossOnly && !spans.Any(span => learnt.Contains(span.Turn)))
            throw new DatasetRowException($"nothing that the assistant says is left to learn{(losses.Count > 0 ? ": " + losses[0] : "")}");

        if (LacksEnd(sample.Chat, rendered.Text, tokens, spans) && EndOfTurn(sample.Chat) is { } end)
            tokens = [.. tokens, end];
        var ranges = spans.Select(span => (span.Turn, Range: TokensOf(span, rendered.Text, tokens))).ToList();
        var kept = options.AssistantLossOnly
            ? TrainingSample.Counting(tokens, [.. ranges.Where(entry => learnt.Contains(entry.Turn)).Select(entry => entry.Range)])
            : TrainingSample.Counting(tokens, ..).Ignoring([.. ranges.Where(entry => sample.Given.Contains(entry.Turn)).Select(entry => entry.Range)]);
        return new TokenizedSample(kept) { Losses = losses };
    }

    private RenderedChat Render(ChatHistory chat)
    {
        if (template is null)
            throw new DatasetRowException("the model has no chat template, so it cannot be trained on conversations");
        try
        {
            return template.Render(new ChatTemplateRequest(chat, AddGenerationPrompt: false) { Tools = chat.Tools });
        }
        catch (ChatTemplateException exception)
        {
            throw new DatasetRowException(exception.Message);
        }
    }

    /// <summary>What the template does not write of what the conversation says.</summary>
    private static List<string> Losses(ChatHistory chat, RenderedChat rendered)
    {
        var losses = rendered.LostSources()
            .Select(source => source.Message < 0
                ? "the tools"
                : $"{(rendered.IsMissing(source) ? "" : "a part of ")}the {source.Kind} of turn {source.Message + 1} ({chat[source.Message].Role})")
            .Distinct().ToList();
        if (losses.Count > 0)
            return [$"the chat template leaves out {string.Join(" and ", losses)}"];
        var silent = Enumerable.Range(0, chat.Count).FirstOrDefault(turn => chat[turn].Role == ChatRole.Assistant && IsSilent(chat[turn]), -1);
        return silent < 0 ? [] : [$"turn {silent + 1} (assistant) is empty, and not learnt"];
    }

    private static bool IsSilent(ChatMessage message) =>
        string.IsNullOrWhiteSpace(message.Content) && string.IsNullOrWhiteSpace(message.Reasoning) && message.ToolCalls is null;

    /// <summary>Whether the last turn is the assistant's, and the template leaves its end to the turn that would follow.</summary>
    private bool LacksEnd(ChatHistory chat, TracedText text, int[] tokens, IReadOnlyList<AssistantSpan> spans) =>
        spans is [.., var last] && last.Turn == chat.Count - 1 && !HasEnd(tokens, TokenIndex(text, tokens, last.ContentEnd), tokens.Length);

    /// <summary>What the template writes after the last turn when another follows, if models stop at it; else what ends a text.</summary>
    private int? EndOfTurn(ChatHistory chat)
    {
        try
        {
            var continued = template!.Render(new ChatTemplateRequest([.. chat, new ChatMessage(ChatRole.User, "?")], AddGenerationPrompt: false) { Tools = chat.Tools }).Text;
            var said = continued.Runs.LastOrDefault(run => run.Source is { Kind: MessageValues.Content or MessageValues.ToolCall } source && source.Message == chat.Count - 1);
            var closing = continued.Text.AsSpan(said.End).TrimStart();
            foreach (var control in tokenizer.ControlTokens)
            {
                if (said.Source is not null && closing.StartsWith(control.Text, StringComparison.Ordinal) && tokenizer.IsEndOfGeneration(control.Id))
                    return control.Id;
            }
        }
        catch (ChatTemplateException)
        {
            // A template that does not let the conversation go on says nothing about its ends.
        }
        return tokenizer.EndToken ?? tokenizer.EndOfTurnToken;
    }

    /// <summary>
    /// The tokens of a span. A turn that the template closes with what opens the next one ends with that token, if it is one at which a
    /// model stops: else it would never learn to. A mark that closes the last turn otherwise than earlier ones is cut in two where both
    /// differ: it is taken whole.
    /// </summary>
    private Range TokensOf(AssistantSpan span, TracedText text, int[] tokens)
    {
        var start = TokenIndex(text, tokens, span.Start);
        if (span.End == text.Length)
            return start..tokens.Length;
        var end = TokenIndex(text, tokens, span.End, out var isInsideToken);
        if (HasEnd(tokens, TokenIndex(text, tokens, Math.Min(span.ContentEnd, span.End)), end))
            return start..end;
        if (isInsideToken && _controls.Value.Contains(tokens[end]))
            return start..(end + 1);
        var next = span.End;
        while (next < text.Length && char.IsWhiteSpace(text.Text[next]))
            next++;
        var following = TokenIndex(text, tokens, next);
        return following < tokens.Length && tokenizer.IsEndOfGeneration(tokens[following]) ? start..(following + 1) : start..end;
    }

    private bool HasEnd(int[] tokens, int start, int end) => end > start && tokens[start..end].Any(tokenizer.IsEndOfGeneration);

    private int TokenIndex(TracedText text, int[] tokens, int character) => TokenIndex(text, tokens, character, out _);

    /// <summary>The number of tokens that end at or before a character; one that straddles it belongs to what follows.</summary>
    private int TokenIndex(TracedText text, int[] tokens, int character, out bool isInsideToken)
    {
        isInsideToken = false;
        if (character == text.Length)
            return tokens.Length;
        var before = sequences.Tokenize(text.Slice(0, character), options.ParseSpecialTokensInMessages);
        var count = before.AsSpan().CommonPrefixLength(tokens);
        isInsideToken = count < before.Length;
        return count;
    }
}
