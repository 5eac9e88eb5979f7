using System.Runtime.InteropServices;
using LoraBridge.Adapters;

namespace LoraBridge.TextGeneration.Lanes;

/// <summary>
/// A context with the sequences that share it, all under one set of adapters. Activated adapters (aLoRA) come on top of it, for the tokens
/// that they act on: they leave what was computed before as it is, and a batch has tokens only on which the same ones act.
/// </summary>
internal sealed class Lane : IDisposable
{
    /// <summary>Batches after which others get their turn on whose tokens other adapters act: each change takes some milliseconds.</summary>
    private const int BatchesBetweenChanges = 8;

    private readonly List<Part> _parts = [];
    private readonly List<CancellationToken> _stops = [];
    private int _next;
    private int _unchanged;

    internal Lane(InferenceContext context)
    {
        Context = context;
        Slots = [.. Enumerable.Range(0, context.Sequences).Select(sequence => new CacheSlot(this, sequence))];
    }

    internal InferenceContext Context { get; }

    /// <summary>The adapters that act on every token of everyone here.</summary>
    internal AdapterSet Adapters { get; set; } = AdapterSet.Empty;

    internal IReadOnlyList<CacheSlot> Slots { get; }

    /// <summary>Tokens computed so far, or what that would be had it always been busy: whoever has least is next.</summary>
    internal long Served { get; set; }

    internal bool IsBusy => Slots.Any(slot => slot.Running is not null);

    /// <summary>The latest use of one of its slots.</summary>
    internal long LastUse => Slots.Max(slot => slot.LastUse);

    /// <summary>
    /// Computes one batch: the next token of each answer, and parts of prompts as far as there is room; or, of one answer only, its next
    /// token or part of the prompt. Answers that end are left in their slots and added to <paramref name="ended"/>.
    /// </summary>
    internal void Step(bool oneByOne, List<CacheSlot> ended)
    {
        try
        {
            Gather(oneByOne);
            // Otherwise an adapter was freed a moment ago, and its answers will be placed anew.
            if (!TryChangeAdapters())
                return;
            Fill();
            Context.Decode(CollectionsMarshal.AsSpan(_stops));
            Served += Context.BatchCount;
            Advance(ended);
        }
        catch (Exception failure)
        {
            GiveUp(failure, ended);
        }
        finally
        {
            // Answers lead to their conversations, which shall not be kept by what they once computed.
            _parts.Clear();
            _stops.Clear();
        }
    }

    public void Dispose() => Context.Dispose();

    /// <summary>The answers that take part, beginning with another one each time.</summary>
    private void Gather(bool oneByOne)
    {
        var first = _next++;
        for (var i = 0; i < Slots.Count; i++)
        {
            var slot = Slots[(first + i) % Slots.Count];
            if (slot.Running is not { } generation)
                continue;
            _parts.Add(new Part(slot, generation));
            if (oneByOne)
            {
                _next = first + i + 1;
                break;
            }
        }
        foreach (ref var part in CollectionsMarshal.AsSpan(_parts))
            part.Pending = part.Slot.Align(part.Generation);
    }

    /// <summary>Leaves out those on whose next token other adapters act than on that of who is first, or, for a while, than acted so far.</summary>
    private bool TryChangeAdapters()
    {
        var next = _parts[0].Adapters;
        if (_parts.Any(part => !part.Adapters.Equals(next)))
        {
            if (_unchanged < BatchesBetweenChanges && _parts.Any(part => part.Adapters.Equals(Context.Adapters)))
                next = Context.Adapters;
            else if (next.Equals(Context.Adapters))
                next = _parts.First(part => !part.Adapters.Equals(next)).Adapters;
            _parts.RemoveAll(part => !part.Adapters.Equals(next));
        }
        _unchanged = next.Equals(Context.Adapters) ? _unchanged + 1 : 0;
        return Context.TryActivate(next);
    }

    /// <summary>Shares out the batch: those who need one token first, then the others as far as there is room.</summary>
    private void Fill()
    {
        Context.BeginBatch();
        var parts = CollectionsMarshal.AsSpan(_parts);
        foreach (ref var part in parts)
        {
            if (part.Pending == 1)
                Add(ref part);
        }
        foreach (ref var part in parts)
        {
            if (part.Pending > 1)
                Add(ref part);
        }
        _parts.RemoveAll(part => part.Count == 0);
        _stops.AddRange(_parts.Select(part => part.Generation.Stop));
    }

    private void Add(ref Part part)
    {
        var window = part.Generation.Window;
        var start = part.Slot.CachedCount;
        var sameAdapters = part.Generation.Spans.EndOf(start) - start;
        part.Count = Math.Min(Math.Min(part.Pending, sameAdapters), Context.BatchSize - Context.BatchCount);
        for (var position = start; position < start + part.Count; position++)
        {
            var isLast = position == window.Count - 1;
            var index = Context.Add(window[position], position, part.Slot.Sequence, isLast);
            if (isLast)
                part.Logits = index;
        }
    }

    /// <summary>Ends the answers that took part, and leaves in the cache what was there before.</summary>
    private void GiveUp(Exception failure, List<CacheSlot> ended)
    {
        foreach (var part in _parts.Where(part => !ended.Contains(part.Slot)))
        {
            part.Slot.Forget(part.Slot.CachedCount);
            if (failure is OperationCanceledException)
                part.Generation.Cancel();
            else
                part.Generation.Fail(failure);
            ended.Add(part.Slot);
        }
    }

    private void Advance(List<CacheSlot> ended)
    {
        var canShift = Context.CanShift;
        foreach (var part in _parts)
        {
            part.Slot.Append(CollectionsMarshal.AsSpan(part.Generation.Window).Slice(part.Slot.CachedCount, part.Count));
            part.Generation.Read(part.Count);
            if (part.Logits < 0)
                continue;
            try
            {
                if (part.Generation.Advance(Context.Logits(part.Logits), canShift))
                    ended.Add(part.Slot);
            }
            catch (Exception failure)
            {
                part.Generation.Fail(failure);
                ended.Add(part.Slot);
            }
        }
    }

    /// <summary>What a batch computes of one answer.</summary>
    private record struct Part(CacheSlot Slot, Generation Generation)
    {
        /// <summary>The adapters that act on its next token.</summary>
        internal readonly AdapterSet Adapters => Generation.Spans.At(Slot.CachedCount);

        /// <summary>Tokens that are not computed yet.</summary>
        internal int Pending { get; set; }

        /// <summary>Tokens of them in this batch.</summary>
        internal int Count { get; set; }

        /// <summary>Index of the logits that choose the next token; -1 while the prompt is being read.</summary>
        internal int Logits { get; set; } = -1;
    }
}
