using LoraBridge.TextGeneration;

namespace LoraBridge.Extensions.AI;

/// <summary>Histories by id, the ones used last.</summary>
internal sealed class KeptConversations(int capacity)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, LinkedListNode<(string Id, IReadOnlyList<ChatMessage> History)>> _byId = [];
    private readonly LinkedList<(string Id, IReadOnlyList<ChatMessage> History)> _order = [];

    /// <exception cref="ArgumentException">There is no such conversation, or no longer.</exception>
    internal (string Id, IReadOnlyList<ChatMessage> History) Find(string id)
    {
        lock (_gate)
        {
            return _byId.TryGetValue(id, out var node)
                ? node.Value
                : throw new ArgumentException($"The conversation '{id}' is not known, or was forgotten: at most {capacity} are kept.", nameof(id));
        }
    }

    internal void Keep(string id, IReadOnlyList<ChatMessage> history)
    {
        lock (_gate)
        {
            if (_byId.TryGetValue(id, out var known))
                _order.Remove(known);
            _byId[id] = _order.AddFirst((id, history));
            if (_order.Count <= capacity)
                return;
            _byId.Remove(_order.Last!.Value.Id);
            _order.RemoveLast();
        }
    }
}
