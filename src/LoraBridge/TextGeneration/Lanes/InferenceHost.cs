using LoraBridge.Adapters;
using LoraBridge.Model;

namespace LoraBridge.TextGeneration.Lanes;

/// <summary>
/// Computes the answers of all conversations on one model, a batch at a time: whoever has had least is next. It has contexts as long as
/// there are conversations, and a thread as long as there is something to compute.
/// </summary>
/// <remarks>
/// Contexts are made, given other adapters and freed under the lock, and used outside of it by the one thread that computes: a lane with
/// a running answer is never freed or given other adapters.
/// </remarks>
internal sealed class InferenceHost
{
    private readonly ModelCore _core;
    private readonly InferenceOptions _options;
    private readonly Lock _gate = new();
    private readonly LinkedList<Generation> _waiting = new();
    private readonly Queue<Action> _actions = new();
    private readonly List<CacheSlot> _ended = [];
    private readonly List<Generation> _done = [];
    private readonly SlotTable _slots;
    private bool _isComputing;

    private InferenceHost(ModelCore core)
    {
        _core = core;
        _options = core.Inference;
        _slots = new SlotTable(core);
    }

    internal static InferenceHost For(ModelCore core) => core.Attached(static core => new InferenceHost(core));

    /// <summary>Contexts at present.</summary>
    internal int ContextCount
    {
        get
        {
            lock (_gate)
                return _slots.LaneCount;
        }
    }

    /// <summary>Answers that wait for a place.</summary>
    internal int WaitingCount
    {
        get
        {
            lock (_gate)
                return _waiting.Count;
        }
    }

    /// <summary>Adds a conversation; it keeps the model loaded until it is closed.</summary>
    /// <param name="contextLength">Tokens that it may hold; 0 takes what the model was trained for, at most 4096.</param>
    /// <exception cref="InsufficientMemoryException">The context needs more memory than there is.</exception>
    /// <exception cref="NativeException">llama.cpp could not make the context.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    internal InferenceClient Open(int contextLength)
    {
        _core.AddReference();
        try
        {
            lock (_gate)
                return _slots.Open(InferenceContext.LengthFor(_core, contextLength));
        }
        catch
        {
            _core.Release();
            throw;
        }
    }

    /// <summary>Removes a conversation, whose answers have ended.</summary>
    internal void Close(InferenceClient client)
    {
        lock (_gate)
            _slots.Close(client);
        _core.Release();
    }

    /// <summary>Begins an answer as soon as there is a place for it.</summary>
    /// <exception cref="InferenceQueueFullException">Too many wait already.</exception>
    internal Task<TextGenerationResult> Run(Generation generation)
    {
        lock (_gate)
        {
            if (_waiting.Count >= _options.MaximumQueueLength)
                throw new InferenceQueueFullException($"{_waiting.Count} answers wait already, and no more are accepted.");
            _waiting.AddLast(generation);
            Start();
        }
        return generation.Completion;
    }

    /// <summary>What the cache holds of a conversation that has no answer running; null when it holds nothing.</summary>
    internal EvictedState? Export(InferenceClient client)
    {
        EvictedState? state = null;
        BetweenSteps(() => state = SlotTable.Export(client));
        return state;
    }

    /// <summary>Gives a conversation that has no answer running a cache that it finds when it next answers.</summary>
    internal void Import(InferenceClient client, EvictedState state) => BetweenSteps(() => _slots.Import(client, state));

    /// <summary>Does something while nothing is computed, for contexts are not safe for two threads; waits for it.</summary>
    private void BetweenSteps(Action action)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            _actions.Enqueue(() =>
            {
                try
                {
                    action();
                    done.SetResult();
                }
                catch (Exception failure)
                {
                    done.SetException(failure);
                }
            });
            Start();
        }
        done.Task.GetAwaiter().GetResult();
    }

    /// <summary>Starts computing unless that is going on; under the lock.</summary>
    private void Start()
    {
        if (_isComputing)
            return;
        _isComputing = true;
        // A thread of its own: computing would hold one of the pool's for as long as there is anything to do.
        new Thread(Compute) { IsBackground = true, Name = "LoraBridge inference" }.Start();
    }

    private void Compute()
    {
        while (true)
        {
            Lane? lane;
            lock (_gate)
            {
                while (_actions.TryDequeue(out var action))
                    action();
                Leave();
                Admit();
                lane = _slots.NextLane();
                _isComputing = lane is not null;
            }
            Publish();
            if (lane is null)
                return;
            lane.Step(_options.Deterministic, _ended);
            lock (_gate)
                Vacate();
            Publish();
        }
    }

    /// <summary>Takes running answers out of their slots that were cancelled, or to which other adapters apply now: those are placed anew.</summary>
    private void Leave()
    {
        foreach (var slot in _slots.Running())
        {
            var generation = slot.Running!;
            if (generation.Stop.IsCancellationRequested)
            {
                generation.Cancel();
                _ended.Add(slot);
            }
            else if (!generation.Adapters().Equals(generation.Placed))
            {
                slot.Running = null;
                _waiting.AddFirst(generation);
            }
        }
        Vacate();
    }

    /// <summary>Finds places for those who wait, in their order: nobody overtakes, so that everyone is served some time.</summary>
    private void Admit()
    {
        for (var node = _waiting.First; node is not null;)
        {
            var generation = node.Value;
            var next = node.Next;
            if (generation.Stop.IsCancellationRequested)
            {
                generation.Cancel();
                _done.Add(generation);
                _waiting.Remove(node);
            }
            node = next;
        }
        while (_waiting.First is { } first && TryPlace(first.Value))
            _waiting.RemoveFirst();
    }

    /// <summary>False: there is no place yet.</summary>
    private bool TryPlace(Generation generation)
    {
        try
        {
            return _slots.TryPlace(generation);
        }
        catch (Exception failure)
        {
            generation.Fail(failure);
            _done.Add(generation);
            return true;
        }
    }

    private void Vacate()
    {
        foreach (var slot in _ended)
        {
            _done.Add(slot.Running!);
            slot.Running = null;
        }
        _ended.Clear();
    }

    /// <summary>Tells those who wait for answers, outside of the lock.</summary>
    private void Publish()
    {
        foreach (var generation in _done)
            generation.Publish();
        _done.Clear();
    }
}
