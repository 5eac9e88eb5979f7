using System.Runtime.InteropServices;
using LoraBridge.Adapters;
using LoraBridge.Model;

namespace LoraBridge.TextGeneration;

/// <summary>
/// A context that remembers which tokens it has read, and under which adapters: only what is new is computed. Not safe for several
/// threads at once.
/// </summary>
internal sealed class LlamaSession : IDisposable
{
    private readonly InferenceContext _context;
    private readonly List<int> _cached = [];

    internal LlamaSession(ModelCore core, InferenceContextOptions options) => _context = new InferenceContext(core, options);

    /// <summary>Tokens that fit.</summary>
    internal int Length => _context.Length;

    /// <summary>Reads a text and answers the logits [vocabulary] after its last token; borrowed until the next call.</summary>
    /// <param name="tokens">The whole text, at least one and at most <see cref="Length"/> tokens.</param>
    /// <param name="adapters">The adapters that count; others than before make everything be read again.</param>
    /// <param name="cancellationToken">Stops within the computation.</param>
    /// <param name="read">How many tokens had to be computed.</param>
    internal ReadOnlySpan<float> Evaluate(List<int> tokens, AdapterSet adapters, CancellationToken cancellationToken, out int read)
    {
        ArgumentOutOfRangeException.ThrowIfZero(tokens.Count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(tokens.Count, Length);
        if (_context.SetAdapters(adapters))
            _cached.Clear();

        var wanted = CollectionsMarshal.AsSpan(tokens);
        // The last token is computed again even if it is known: its logits are not kept.
        var known = Math.Min(wanted.CommonPrefixLength(CollectionsMarshal.AsSpan(_cached)), tokens.Count - 1);
        if (known < _cached.Count)
            Forget(known);
        known = _cached.Count;
        read = tokens.Count - known;

        var last = 0;
        for (var position = known; position < tokens.Count; position += _context.BatchSize)
        {
            var batch = wanted[position..Math.Min(position + _context.BatchSize, tokens.Count)];
            var end = position + batch.Length;
            last = batch.Length - 1;
            Decode(batch, position, end == tokens.Count, cancellationToken);
        }
        return _context.Logits(last);
    }

    public void Dispose() => _context.Dispose();

    private void Decode(ReadOnlySpan<int> batch, int position, bool isLast, CancellationToken cancellationToken)
    {
        var final = batch.Length - 1;
        try
        {
            _context.Decode(batch, position, index => isLast && index == final, cancellationToken);
            _cached.AddRange(batch);
        }
        catch
        {
            Forget(_cached.Count);
            throw;
        }
    }

    private void Forget(int position)
    {
        var left = _context.Truncate(position);
        _cached.RemoveRange(left, _cached.Count - left);
    }
}
