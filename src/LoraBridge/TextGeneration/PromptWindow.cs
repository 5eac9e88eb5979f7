namespace LoraBridge.TextGeneration;

/// <summary>
/// Chooses what a full context leaves out: the oldest exchanges, and so many at once that the turns that follow find what they need in
/// the cache. It remembers where it cut.
/// </summary>
internal sealed class PromptWindow
{
    /// <summary>No text has fewer characters a token: with more text than that for each token there is room for, it is not tokenized to find out.</summary>
    private const int MostCharactersPerToken = 8;

    private const int UsualCharactersPerToken = 3;

    /// <summary>What the marks of a template count for in an estimate.</summary>
    private const int CharactersPerMessage = 16;

    private int _cut;
    private ChatMessage? _firstKept;

    /// <summary>The tokens of a conversation, as many of its last turns as fit.</summary>
    /// <param name="builder">Makes tokens of turns.</param>
    /// <param name="messages">The turns. A system turn at the start, and the last turn, are never left out.</param>
    /// <param name="settings">What else the template is told.</param>
    /// <param name="length">Tokens that the context holds.</param>
    /// <param name="room">Tokens of them that are promised to the answer.</param>
    /// <param name="policy">What to do when that is too much.</param>
    /// <param name="cancellationToken">Stops the search.</param>
    /// <exception cref="InvalidOperationException">It does not fit, and nothing may be left out or the last turn alone is too much.</exception>
    internal Prompt Fit(
        PromptBuilder builder, IReadOnlyList<ChatMessage> messages, TemplateSettings settings, int length, int room, ContextPolicy policy,
        CancellationToken cancellationToken)
    {
        // A promise that no context of this length could keep is one of half of it.
        var limit = length - (room < length ? Math.Max(room, 1) : length / 2);
        var history = new History(builder, messages, settings);
        if (policy == ContextPolicy.Throw)
        {
            var all = history.Build(history.Count);
            return all.Length <= limit ? new Prompt(all, 0, 0) : throw new InvalidOperationException(
                $"The conversation has {all.Length} tokens, and {length - limit} are kept for the answer, but the context holds {length}.");
        }

        var most = history.CountFrom(_firstKept is { } kept && _cut < messages.Count && messages[_cut] == kept ? _cut : 0);
        var (count, tokens) = Find(history, most, limit, cancellationToken);
        if (tokens.Length >= length)
        {
            throw new InvalidOperationException(
                $"The message has {tokens.Length} tokens with its system prompt, but only {length - 1} fit the context.");
        }
        _cut = history.FirstOf(count);
        _firstKept = messages.Count > 0 ? messages[_cut] : null;
        return new Prompt(tokens, history.FirstOf(count) - history.Pinned, policy == ContextPolicy.Shift ? history.PinnedTokens(tokens) : 0);
    }

    /// <summary>The exchanges that were kept last time if they still fit, else as many as half of the limit holds.</summary>
    private static (int Count, int[] Tokens) Find(History history, int most, int limit, CancellationToken cancellationToken)
    {
        if (most == 1 || history.Characters(most) <= (long)limit * MostCharactersPerToken)
        {
            var whole = history.Build(most);
            if (most == 1 || whole.Length <= limit)
                return (most, whole);
        }

        var low = limit / 2;
        var (fits, tooMany) = (1, most);
        int[]? best = null;
        var tokensPerCharacter = 1.0 / UsualCharactersPerToken;
        for (var step = 0; tooMany - fits > 1; step++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            // Estimates come close at once; every other step halves, should they not.
            var guess = step % 2 == 0 ? history.CountWithin(low / tokensPerCharacter) : (fits + tooMany) / 2;
            guess = Math.Clamp(guess, fits + 1, tooMany - 1);
            var tokens = history.Build(guess);
            tokensPerCharacter = Math.Max(tokens.Length, 1) / (double)history.Characters(guess);
            if (tokens.Length > low)
            {
                tooMany = guess;
                continue;
            }
            (fits, best) = (guess, tokens);
            if (tokens.Length > low - low / 4)
                break;
        }
        return (fits, best ?? history.Build(fits));
    }

    /// <summary>A conversation that can be cut before each question of a user, and before its last turn.</summary>
    private sealed class History
    {
        private readonly PromptBuilder _builder;
        private readonly IReadOnlyList<ChatMessage> _messages;
        private readonly TemplateSettings _settings;
        private readonly List<int> _starts = [];
        private readonly long[] _characters;

        internal History(PromptBuilder builder, IReadOnlyList<ChatMessage> messages, TemplateSettings settings)
        {
            (_builder, _messages, _settings) = (builder, messages, settings);
            Pinned = messages is [{ Role: ChatRole.System }, _, ..] ? 1 : 0;
            _starts.Add(Pinned);
            for (var i = Pinned + 1; i < messages.Count; i++)
            {
                if (messages[i].Role == ChatRole.User || i == LastTurn)
                    _starts.Add(i);
            }
            _characters = new long[_starts.Count + 1];
            var end = messages.Count;
            for (var count = 1; count <= _starts.Count; count++)
            {
                var start = FirstOf(count);
                _characters[count] = _characters[count - 1];
                for (var i = start; i < end; i++)
                    _characters[count] += Length(messages[i]);
                end = start;
            }
        }

        /// <summary>Turns at the start that stay.</summary>
        internal int Pinned { get; }

        /// <summary>Exchanges.</summary>
        internal int Count => _starts.Count;

        /// <summary>The last turn; an answer that is to be continued goes with what it answers.</summary>
        private int LastTurn => _messages is [.., _, { Role: ChatRole.Assistant }] ? _messages.Count - 2 : _messages.Count - 1;

        /// <summary>The first turn of the last exchanges.</summary>
        internal int FirstOf(int count) => _starts[^count];

        /// <summary>The exchanges from a turn on, all of them when none begins there.</summary>
        internal int CountFrom(int turn) => _starts.IndexOf(turn) is >= 0 and var at ? _starts.Count - at : _starts.Count;

        internal long Characters(int count) => _characters[count];

        /// <summary>The last exchanges that have no more characters than so many.</summary>
        internal int CountWithin(double characters)
        {
            var at = Array.BinarySearch(_characters, (long)characters);
            return at >= 0 ? at : ~at - 1;
        }

        internal int[] Build(int count)
        {
            var first = FirstOf(count);
            return _builder.ToContinue(first == Pinned ? _messages : [.. _messages.Take(Pinned), .. _messages.Skip(first)], _settings);
        }

        /// <summary>How many of the tokens at the start are those of turns that stay.</summary>
        internal int PinnedTokens(int[] tokens)
        {
            if (Pinned == 0)
                return 0;
            try
            {
                var pinned = _builder.Conversation([.. _messages.Take(Pinned)], addGenerationPrompt: false, _settings);
                return pinned.AsSpan().CommonPrefixLength(tokens);
            }
            catch (ChatTemplateException)
            {
                // A template that wants a question after its system turn does not say where that turn ends.
                return 0;
            }
        }

        private static int Length(ChatMessage message) =>
            CharactersPerMessage + message.Content.Length + (message.Reasoning?.Length ?? 0) + (message.ToolCalls?.Length ?? 0);
    }
}

/// <summary>What a model is given to go on from.</summary>
/// <param name="Tokens">The tokens.</param>
/// <param name="OmittedMessages">Turns that were left out.</param>
/// <param name="KeptTokens">Tokens at the start that stay even when the context overflows later.</param>
internal sealed record Prompt(int[] Tokens, int OmittedMessages, int KeptTokens)
{
    /// <summary>Whether it is a text that is not a conversation.</summary>
    internal bool IsText { get; init; }
}
