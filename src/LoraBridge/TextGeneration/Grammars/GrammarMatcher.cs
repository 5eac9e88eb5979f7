using System.Runtime.CompilerServices;
using static LoraBridge.TextGeneration.Grammars.GrammarProgram;

namespace LoraBridge.TextGeneration.Grammars;

/// <summary>Follows a text through a grammar, byte by byte, along all readings at once. Not safe for several threads at once.</summary>
/// <remarks>
/// A reading is where it stands and whom it returns to. The set of all readings is a state; states are kept and linked by the bytes
/// between them, so that a grammar behaves like a finite automaton that is built while it is used.
/// </remarks>
internal sealed class GrammarMatcher(GrammarProgram program)
{
    private const int MaximumReadings = 20_000;
    private const int MaximumStates = 4_000;

    private readonly Dictionary<(int Node, Frame? Parent), Frame> _frames = [];
    private readonly Dictionary<StateKey, State> _states = [];
    private State? _start;

    /// <summary>Before anything was read.</summary>
    internal State Start => _start ??= Close([(program.Start, null)]);

    /// <summary>After another byte; null when the grammar does not allow it.</summary>
    /// <exception cref="GrammarException">The grammar is so ambiguous that following all readings would take too much.</exception>
    internal State? Step(State state, byte value)
    {
        if (state.TryGetNext(value, out var known))
            return known;
        var reached = new List<(int, Frame?)>();
        foreach (var (index, frame) in state.Readings)
        {
            var node = program[index];
            if (node.Low <= value && value <= node.High)
                reached.Add((node.Next, frame));
        }
        var next = reached.Count == 0 ? null : Close(reached);
        state.SetNext(value, next);
        return next;
    }

    /// <summary>After several bytes; null when the grammar does not allow them.</summary>
    internal State? Step(State? state, ReadOnlySpan<byte> bytes)
    {
        foreach (var value in bytes)
        {
            if (state is null)
                return null;
            state = Step(state, value);
        }
        return state;
    }

    /// <summary>Follows branches, calls and returns until only nodes are left that read a byte.</summary>
    private State Close(List<(int Node, Frame? Frame)> readings)
    {
        var seen = new HashSet<(int, Frame?)>();
        var pending = new Stack<(int Node, Frame? Frame)>(readings);
        var reading = new List<(int Node, Frame? Frame)>();
        var canEnd = false;
        while (pending.TryPop(out var current))
        {
            if (!seen.Add(current))
                continue;
            if (seen.Count > MaximumReadings)
                throw new GrammarException("Grammar: the text can be read in too many ways at once; make the grammar less ambiguous.");
            var node = program[current.Node];
            switch (node.Kind)
            {
                case NodeKind.Byte:
                    reading.Add(current);
                    break;
                case NodeKind.Branch:
                    foreach (var target in node.Targets!)
                        pending.Push((target, current.Frame));
                    break;
                case NodeKind.Call:
                    // A call at the end of a rule returns where the rule would return: right recursion needs no more memory.
                    pending.Push((node.Targets![0], node.Next == Return ? current.Frame : FrameOf(node.Next, current.Frame)));
                    break;
                case NodeKind.Return when current.Frame is { } frame:
                    pending.Push((frame.Node, frame.Parent));
                    break;
                default:
                    canEnd = true;
                    break;
            }
        }

        var key = new StateKey([.. reading], canEnd);
        if (_states.TryGetValue(key, out var known))
            return known;
        if (_states.Count >= MaximumStates)
        {
            // States that are still referred to stay as they are; they are only not found again.
            _states.Clear();
            _start = null;
        }
        return _states[key] = new State(key.Readings, canEnd);
    }

    private Frame FrameOf(int node, Frame? parent)
    {
        if (!_frames.TryGetValue((node, parent), out var frame))
            _frames[(node, parent)] = frame = new Frame(node, parent);
        return frame;
    }

    /// <summary>Where a rule returns to. Equal frames are one object.</summary>
    internal sealed class Frame(int node, Frame? parent)
    {
        internal int Node => node;

        internal Frame? Parent => parent;
    }

    /// <summary>All readings of the text so far.</summary>
    internal sealed class State((int Node, Frame? Frame)[] readings, bool canEnd)
    {
        private State?[]? _next;
        private ulong _known0, _known1, _known2, _known3;

        internal (int Node, Frame? Frame)[] Readings => readings;

        /// <summary>Whether the text may end here.</summary>
        internal bool CanEnd => canEnd;

        /// <summary>Whether the text must end here.</summary>
        internal bool MustEnd => canEnd && readings.Length == 0;

        internal bool TryGetNext(byte value, out State? next)
        {
            var known = (Known(value) >> (value & 63) & 1) != 0;
            next = known ? _next![value] : null;
            return known;
        }

        internal void SetNext(byte value, State? next)
        {
            _next ??= new State?[256];
            _next[value] = next;
            Known(value) |= 1UL << (value & 63);
        }

        private ref ulong Known(byte value)
        {
            switch (value >> 6)
            {
                case 0: return ref _known0;
                case 1: return ref _known1;
                case 2: return ref _known2;
                default: return ref _known3;
            }
        }
    }

    private readonly struct StateKey((int Node, Frame? Frame)[] readings, bool canEnd) : IEquatable<StateKey>
    {
        internal (int Node, Frame? Frame)[] Readings => readings;

        private bool CanEnd => canEnd;

        public bool Equals(StateKey other)
        {
            if (CanEnd != other.CanEnd || Readings.Length != other.Readings.Length)
                return false;
            for (var i = 0; i < Readings.Length; i++)
            {
                if (Readings[i].Node != other.Readings[i].Node || !ReferenceEquals(Readings[i].Frame, other.Readings[i].Frame))
                    return false;
            }
            return true;
        }

        public override bool Equals(object? obj) => obj is StateKey other && Equals(other);

        public override int GetHashCode()
        {
            var hash = new HashCode();
            hash.Add(CanEnd);
            foreach (var (node, frame) in Readings)
            {
                hash.Add(node);
                hash.Add(RuntimeHelpers.GetHashCode(frame));
            }
            return hash.ToHashCode();
        }
    }
}
