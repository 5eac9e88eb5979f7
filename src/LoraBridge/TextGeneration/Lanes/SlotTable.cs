using LoraBridge.Adapters;
using LoraBridge.Model;
using LoraBridge.Native;

namespace LoraBridge.TextGeneration.Lanes;

/// <summary>
/// Which conversation has its cache where: contexts for sets of adapters, made and given up as they are needed. Used under the lock of
/// the <see cref="InferenceHost"/>.
/// </summary>
internal sealed class SlotTable(ModelCore core)
{
    private readonly InferenceOptions _options = core.Inference;
    private readonly List<Lane> _lanes = [];
    private readonly LinkedList<InferenceClient> _evicted = new();
    private int _clients;
    private long _uses;
    private long _evictedBytes;

    internal int LaneCount => _lanes.Count;

    /// <summary>Contexts that there may be: no more than conversations, whatever adapters they change to.</summary>
    private int Capacity => Math.Min(_clients, _options.MaximumContexts);

    /// <summary>Whether caches may serve other conversations: what they were computed with shows in the last bits.</summary>
    private bool SharesPrefixes => _options is { SequencesPerContext: > 1, Deterministic: false };

    /// <summary>Adds a conversation, with a place of its own if there can be one.</summary>
    internal InferenceClient Open(int length)
    {
        var client = new InferenceClient(length);
        _clients++;
        try
        {
            var free = _lanes.Where(lane => lane.Context.Length == length).SelectMany(lane => lane.Slots).FirstOrDefault(slot => slot.Owner is null && slot.Running is null);
            if (free is null && _lanes.Count < Capacity)
                free = Create(length).Slots[0];
            // Nobody's cache is given up before there is something to compute.
            if (free is { CachedCount: 0 })
                Own(free, client);
            return client;
        }
        catch
        {
            _clients--;
            throw;
        }
    }

    /// <summary>Removes a conversation. Contexts go with those who need them.</summary>
    internal void Close(InferenceClient client)
    {
        _clients--;
        if (client.Slot is { } slot)
            slot.Owner = null;
        client.Slot = null;
        DropEvicted(client);
        while (_lanes.Count > Capacity && Idle().Where(lane => lane.Slots.All(slot => slot.Owner is null)).MinBy(lane => lane.LastUse) is { } lane)
            Remove(lane);
    }

    /// <summary>The cache of a conversation; null when it is empty.</summary>
    internal static EvictedState? Export(InferenceClient client) =>
        client.Slot is { CachedCount: > 0 } slot ? slot.Evict() : client.Evicted;

    /// <summary>Puts a cache in the place of what a conversation has.</summary>
    internal void Import(InferenceClient client, EvictedState state)
    {
        client.Slot?.Owner = null;
        client.Slot = null;
        DropEvicted(client);
        Keep(client, state);
    }

    internal IEnumerable<CacheSlot> Running() => _lanes.SelectMany(lane => lane.Slots).Where(slot => slot.Running is not null);

    /// <summary>The lane that is next: of those with something to compute, the one that has had least.</summary>
    internal Lane? NextLane() => _lanes.Where(lane => lane.IsBusy).MinBy(lane => lane.Served);

    /// <summary>Gives an answer a slot under the adapters that count for it. False: none is free yet.</summary>
    internal bool TryPlace(Generation generation)
    {
        while (true)
        {
            var adapters = generation.Adapters();
            if (FindSlot(generation.Client, adapters) is not { } slot)
                return false;
            // Not so when one of the adapters was freed meanwhile; then others count.
            if (!Fits(slot.Lane, generation.Client, adapters))
                continue;
            var lane = slot.Lane;
            if (!lane.IsBusy)
                lane.Served = Math.Max(lane.Served, NextLane()?.Served ?? 0);
            generation.Place(adapters);
            Take(slot, generation);
            slot.LastUse = ++_uses;
            slot.Running = generation;
            return true;
        }
    }

    private CacheSlot? FindSlot(InferenceClient client, AdapterSet adapters)
    {
        if (client.Slot is { } own && Fits(own.Lane, client, adapters))
            return own;
        var (slot, cost) = Cheapest(client, adapters);
        if (cost > 0 && _lanes.Count < Capacity)
            slot = TryCreate(client.Length, isRequired: slot is null)?.Slots[0] ?? slot;
        if (slot is null || Fits(slot.Lane, client, adapters))
            return slot;
        var lane = Prepare(slot.Lane, client);
        if (lane.Context.TrySetAdapters(adapters.Lasting))
        {
            lane.Adapters = adapters.Lasting;
            foreach (var emptied in lane.Slots)
                emptied.OnEmptied();
        }
        return lane.Slots[0];
    }

    /// <summary>The free place for whose sake the fewest tokens of others must leave their cache; null when all are busy.</summary>
    private (CacheSlot? Slot, int Cost) Cheapest(InferenceClient client, AdapterSet adapters)
    {
        CacheSlot? best = null;
        var least = (Lost: int.MaxValue, Unfit: true, LastUse: long.MaxValue);
        foreach (var lane in _lanes)
        {
            var fits = Fits(lane, client, adapters);
            if (!fits && lane.IsBusy)
                continue;
            foreach (var slot in lane.Slots)
            {
                if (slot.Running is not null)
                    continue;
                var cost = (fits ? CostOf(slot, client) : lane.Slots.Sum(other => CostOf(other, client)), !fits, slot.LastUse);
                if (cost.CompareTo(least) < 0)
                    (best, least) = (slot, cost);
            }
        }
        return (best, least.Lost);
    }

    private static int CostOf(CacheSlot slot, InferenceClient client) =>
        slot.Owner is null || slot.Owner == client ? 0 : slot.CachedCount;

    private static bool Fits(Lane lane, InferenceClient client, AdapterSet adapters) =>
        lane.Context.Length == client.Length && lane.Adapters.Equals(adapters.Lasting);

    /// <summary>An idle lane, or one in its place that holds as many tokens as are asked for, empty and nobody's.</summary>
    private Lane Prepare(Lane lane, InferenceClient client)
    {
        // The conversation itself has no use for what it read under other adapters.
        client.Slot?.Owner = null;
        client.Slot = null;
        foreach (var slot in lane.Slots)
            Disown(slot);
        if (lane.Context.Length == client.Length)
            return lane;
        Remove(lane);
        return Create(client.Length);
    }

    /// <summary>Makes a slot the place of a conversation, with whatever of its text is in a cache already.</summary>
    private void Take(CacheSlot slot, Generation generation)
    {
        var client = generation.Client;
        if (slot.Owner != client)
        {
            Disown(slot);
            if (!SharesPrefixes)
                slot.Forget(0);
            if (client.Slot is { } previous)
                previous.Owner = null;
            Own(slot, client);
        }
        if (client.Evicted is { } state)
        {
            DropEvicted(client);
            if (state.Adapters.Equals(slot.Lane.Adapters))
                slot.Restore(state);
        }
        if (SharesPrefixes)
            CopyPrefix(slot, generation);
    }

    /// <summary>Copies the beginning of a text from where it was read already.</summary>
    private static void CopyPrefix(CacheSlot slot, Generation generation)
    {
        var own = slot.CommonPrefix(generation);
        var best = slot.Lane.Slots.MaxBy(other => other.CommonPrefix(generation))!;
        if (best != slot && best.CommonPrefix(generation) >= own + CacheSlot.WorthKeeping)
            slot.CopyFrom(best);
    }

    private static void Own(CacheSlot slot, InferenceClient client)
    {
        slot.Owner = client;
        client.Slot = slot;
    }

    /// <summary>Takes a slot away from its owner, whose cache is kept elsewhere if there is room.</summary>
    private void Disown(CacheSlot slot)
    {
        if (slot.Owner is not { } owner)
            return;
        slot.Owner = null;
        owner.Slot = null;
        if (slot.CachedCount > 0 && _options.EvictedStateBytes > 0 && slot.Evict() is { } state && HasRoomFor(state))
            Keep(owner, state);
    }

    private void Keep(InferenceClient client, EvictedState state)
    {
        client.Evicted = state;
        _evicted.AddLast(client);
        _evictedBytes += state.Data.Length;
    }

    /// <summary>Drops the oldest of the caches that were kept until there is room for another one.</summary>
    private bool HasRoomFor(EvictedState state)
    {
        while (_evictedBytes + state.Data.Length > _options.EvictedStateBytes && _evicted.First is { } oldest)
            DropEvicted(oldest.Value);
        return state.Data.Length <= _options.EvictedStateBytes;
    }

    private void DropEvicted(InferenceClient client)
    {
        if (client.Evicted is not { } state)
            return;
        client.Evicted = null;
        _evicted.Remove(client);
        _evictedBytes -= state.Data.Length;
    }

    private IEnumerable<Lane> Idle() => _lanes.Where(lane => !lane.IsBusy);

    /// <summary>A new lane; null when there is no memory for it, and one can do without.</summary>
    private Lane? TryCreate(int length, bool isRequired)
    {
        try
        {
            return Create(length);
        }
        catch (Exception failure) when (!isRequired && failure is InsufficientMemoryException or NativeException)
        {
            return null;
        }
    }

    private Lane Create(int length)
    {
        var lane = new Lane(new InferenceContext(core, new InferenceContextOptions
        {
            ContextLength = length,
            Sequences = _options.SequencesPerContext,
            MaximumOutputs = _options.SequencesPerContext,
        }));
        _lanes.Add(lane);
        return lane;
    }

    private void Remove(Lane lane)
    {
        _lanes.Remove(lane);
        lane.Dispose();
    }
}
