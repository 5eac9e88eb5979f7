using System.Runtime.InteropServices;
using System.Text;
using LoraBridge.Model;

namespace LoraBridge.TextGeneration.Sampling;

/// <summary>
/// "Don't repeat yourself": a token that would continue a sequence that came up before loses m b^(n - a) of its logit, with n the length
/// of the sequence. Source: <see href="https://github.com/oobabooga/text-generation-webui/pull/5677"/>.
/// </summary>
/// <remarks>Written here and not taken from llama.cpp, whose function for it has other arguments in each of its supported builds.</remarks>
internal sealed class DryPenalty
{
    // Beyond this, the penalty is infinite for all practical purposes.
    private const float LargestPenalty = 1e6f;

    private readonly DryOptions _options;
    private readonly bool[] _isBreaker;
    private readonly List<int> _history = [];
    private int[] _matches = [];

    internal DryPenalty(DryOptions options, TokenPieces pieces)
    {
        _options = options;
        _isBreaker = new bool[pieces.Count];
        byte[][] breakers = [.. options.SequenceBreakers.Select(Encoding.UTF8.GetBytes)];
        for (var token = 0; token < _isBreaker.Length; token++)
            _isBreaker[token] = Array.Exists(breakers, breaker => pieces[token].AsSpan().IndexOf(breaker) >= 0);
    }

    internal void Accept(int token) => _history.Add(token);

    internal void Apply(Span<float> logits)
    {
        var count = _options.Window < 0 ? _history.Count : Math.Min(_history.Count, _options.Window);
        var recent = CollectionsMarshal.AsSpan(_history)[^count..];
        // Sequences do not reach over a breaker.
        var limit = 0;
        while (limit < count && !_isBreaker[recent[count - 1 - limit]])
            limit++;
        if (limit < _options.AllowedLength)
            return;

        var longest = new Dictionary<int, int>();
        FindMatches(recent);
        for (var back = 1; back < count; back++)
        {
            var length = Math.Min(_matches[back], limit);
            // What followed the sequence then would follow it again.
            var next = recent[count - back];
            if (length >= _options.AllowedLength && length > longest.GetValueOrDefault(next))
                longest[next] = length;
        }
        foreach (var (token, length) in longest)
            logits[token] -= Math.Min(LargestPenalty, _options.Multiplier * MathF.Pow(_options.Base, length - _options.AllowedLength));
    }

    /// <summary>For each distance back, how many tokens up to there equal the last ones (the Z function of the reversed tokens).</summary>
    private void FindMatches(ReadOnlySpan<int> tokens)
    {
        var count = tokens.Length;
        if (_matches.Length < count)
            _matches = new int[Math.Max(count, 2 * _matches.Length)];
        var left = 0;
        var right = 0;
        for (var i = 1; i < count; i++)
        {
            var length = i < right ? Math.Min(right - i, _matches[i - left]) : 0;
            while (i + length < count && tokens[count - 1 - length] == tokens[count - 1 - i - length])
                length++;
            _matches[i] = length;
            if (i + length > right)
                (left, right) = (i, i + length);
        }
    }
}
