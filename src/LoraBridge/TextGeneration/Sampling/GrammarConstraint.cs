using System.Text;
using LoraBridge.Model;
using LoraBridge.TextGeneration.Grammars;

namespace LoraBridge.TextGeneration.Sampling;

/// <summary>Which tokens a grammar allows next, while an answer is generated.</summary>
/// <param name="grammar">The grammar.</param>
/// <param name="pieces">The tokens' bytes.</param>
/// <param name="marks">Control tokens that are written out in the answer, with their texts.</param>
internal sealed class GrammarConstraint(Grammar grammar, TokenPieces pieces, IReadOnlyDictionary<int, byte[]> marks)
{
    private readonly GrammarMatcher _matcher = new(grammar.Program);
    private readonly byte[][] _triggers = [.. grammar.Triggers.Select(Encoding.UTF8.GetBytes)];
    private readonly List<byte> _free = [];
    private readonly List<GrammarMatcher.State> _path = [];
    private GrammarMatcher.State? _state;
    private bool _isStarted;

    /// <summary>Whether the answer is complete: nothing may follow.</summary>
    internal bool IsComplete => State is { MustEnd: true };

    /// <summary>Where the answer stands in the grammar; null while it has not taken over.</summary>
    private GrammarMatcher.State? State
    {
        get
        {
            if (!_isStarted && _triggers.Length == 0)
                (_state, _isStarted) = (_matcher.Start, true);
            return _state;
        }
    }

    /// <summary>Whether the token may come next.</summary>
    internal bool Allows(int token)
    {
        if (pieces.IsEnd(token))
            return State is not { CanEnd: false };
        var bytes = BytesOf(token);
        if (State is { } state)
            return bytes.Length > 0 && _matcher.Step(state, bytes) is not null;
        return !TryTrigger(bytes, out var started) || started is not null;
    }

    /// <summary>Takes note of the token that comes next.</summary>
    internal void Accept(int token)
    {
        var bytes = BytesOf(token);
        if (State is { } state)
        {
            if (!pieces.IsEnd(token))
                _state = _matcher.Step(state, bytes) ?? throw new InvalidOperationException($"The grammar does not allow token {token} here.");
            return;
        }
        if (TryTrigger(bytes, out var started))
        {
            (_state, _isStarted) = (started, true);
            return;
        }
        _free.AddRange(bytes);
        // Only as much is kept as the beginning of a trigger can be.
        var kept = _triggers.Max(trigger => trigger.Length) - 1;
        if (_free.Count > kept)
            _free.RemoveRange(0, _free.Count - kept);
    }

    /// <summary>Sets the logits of all tokens that may not come next to minus infinity.</summary>
    /// <returns>Whether any token is left.</returns>
    internal bool Mask(Span<float> logits)
    {
        var isAny = false;
        for (var token = 0; token < logits.Length; token++)
        {
            // Tokens with bytes are decided below, all at once.
            var isCommon = State is not null && !pieces.IsEnd(token) && !marks.ContainsKey(token) && pieces[token].Length > 0;
            if (isCommon)
                continue;
            if (Allows(token))
                isAny |= float.IsFinite(logits[token]);
            else
                logits[token] = float.NegativeInfinity;
        }
        return (State is { } state && MaskCommon(logits, state)) || isAny;
    }

    private bool MaskCommon(Span<float> logits, GrammarMatcher.State state)
    {
        var isAny = false;
        var dead = int.MaxValue;
        _path.Clear();
        _path.Add(state);
        for (var i = 0; i < pieces.Sorted.Length; i++)
        {
            var token = pieces.Sorted[i];
            var shared = pieces.Shared[i];
            if (shared < dead)
            {
                // _path[n] is the state after n bytes.
                dead = int.MaxValue;
                var bytes = pieces[token];
                _path.RemoveRange(Math.Min(shared + 1, _path.Count), _path.Count - Math.Min(shared + 1, _path.Count));
                for (var length = _path.Count; length <= bytes.Length; length++)
                {
                    if (_matcher.Step(_path[^1], bytes[length - 1]) is not { } next)
                    {
                        dead = length;
                        break;
                    }
                    _path.Add(next);
                }
            }
            if (dead != int.MaxValue && !marks.ContainsKey(token))
                logits[token] = float.NegativeInfinity;
            else
                isAny |= float.IsFinite(logits[token]);
        }
        return isAny;
    }

    /// <summary>Whether a trigger is complete with these bytes.</summary>
    /// <param name="bytes">What would come next.</param>
    /// <param name="started">Where the grammar stands then; null when it does not allow what follows the trigger.</param>
    private bool TryTrigger(ReadOnlySpan<byte> bytes, out GrammarMatcher.State? started)
    {
        started = null;
        byte[] text = [.. _free, .. bytes];
        var first = -1;
        foreach (var trigger in _triggers)
        {
            var at = text.AsSpan().IndexOf(trigger);
            if (at >= 0 && (first < 0 || at < first))
                first = at;
        }
        if (first < 0)
            return false;
        started = _matcher.Step(_matcher.Start, text.AsSpan(first));
        return true;
    }

    private byte[] BytesOf(int token) => marks.TryGetValue(token, out var text) ? text : pieces[token];
}
