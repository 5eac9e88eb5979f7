namespace LoraBridge.Training.Graphs;

/// <summary>
/// Rewrites a recorded graph so that it depends on nothing but its inputs and weights: memory that lives between calls (the KV
/// cache, recurrent states) is replaced by what this one call wrote into it, or by the zeros that a new sequence starts from.
/// </summary>
/// <remarks>
/// <para>No name is looked at: state is any leaf that the graph itself writes to. The graph is recorded on empty memory with one
/// sequence, so token i goes to cell i; what SET_ROWS stores is, filled up with zeros to the number of cells, exactly what the
/// views of the cache then read, at the same offsets and strides. This is where upstream's own training loses the gradients of K
/// and V: it reads them back from the cache.</para>
/// <para>Cells beyond the last token are masked out in attention, so their zeros have no effect.</para>
/// </remarks>
internal sealed class StateElimination
{
    private readonly TracedGraph _graph;
    private readonly HashSet<TracedTensor> _states = [];
    private readonly Dictionary<TracedTensor, TracedTensor> _content = [];
    private readonly Dictionary<TracedTensor, TracedTensor> _rewritten = [];
    private readonly HashSet<TracedTensor> _starts = [];
    private readonly List<TracedTensor> _nodes = [];

    private StateElimination(TracedGraph graph) => _graph = graph;

    /// <exception cref="NotSupportedException">State is used in a way that has no meaning for a whole row at once.</exception>
    public static TracedGraph Apply(TracedGraph graph) => new StateElimination(graph).Run();

    private TracedGraph Run()
    {
        foreach (var node in _graph.Nodes)
            if (WritesTo(node) is { } state)
                _states.Add(state);

        foreach (var node in _graph.Nodes)
        {
            if (WritesTo(node) is { } state)
                Write(node, state);
            else
                Append(node, Rewrite(node));
        }
        var pruned = (_graph with { Nodes = _nodes, Output = _rewritten[_graph.Output] }).Pruned();
        return pruned with
        {
            CarriesState = pruned.Leaves.Any(_starts.Contains),
            WithOtherRows = _graph.WithOtherRows is { } other ? Apply(other) : null,
        };
    }

    /// <summary>The leaf that <paramref name="node"/> writes into, if it writes into one.</summary>
    private static TracedTensor? WritesTo(TracedTensor node) =>
        !node.Op.IsView && node.ViewSource is { IsLeaf: true, IsInput: false } leaf ? leaf : null;

    private void Write(TracedTensor node, TracedTensor state)
    {
        if (node.Op != GgmlOp.SetRows)
        {
            // A recurrent state kept for the next call. (Clearing a state, or writing none of it, leaves the zeros it starts with.)
            var clears = node.Op == GgmlOp.Scale && node.FloatParam(0) == 0;
            if (node.Shape.Count > 0 && !clears)
                _content[state] = Overwritten(state);
            return;
        }

        var rows = Map(node.Sources[0]!);
        var indices = node.Sources[1]!;
        if (rows.Shape.Ne0 == 1 && TransposedChannels(indices, state) is { } channels)
        {
            _content[state] = StoreTransposed(rows, state, channels);
            return;
        }

        if (!AreConsecutive(node, indices))
        {
            ReplaceRows(node, state);
            return;
        }
        var columns = rows.Shape.Ne0;
        if (columns == 0 || state.Shape.Count % columns != 0 || state.Type != rows.Type)
            throw new NotSupportedException(
                $"{node} stores rows of {columns} {rows.Type} elements into the state {state.Name} {state.Shape} of type {state.Type}.");

        var cells = state.Shape.Count / columns;
        if (cells == rows.Shape.Ne1 && rows.Strides.SequenceEqual(ContiguousStrides(rows.Type, rows.Shape)))
        {
            // All of the state is what is stored, as it lies in memory: no copy is needed.
            _content[state] = rows;
            return;
        }
        // lp0, rp0, lp1, rp1, ...: rows are appended behind the ones just stored.
        var filled = Step(state, "filled", GgmlOp.Pad, new Shape(columns, cells), rows, parameters: [0, 0, 0, (int)(cells - rows.Shape.Ne1), .. new int[12]]);
        _rewritten[node] = filled;
        _content[state] = filled;
    }

    /// <summary>
    /// The channels C of a state [cells, C] that is stored element by element, the values of a token in a column: element c + C t goes
    /// to position t + cells c. Null when the indices say something else.
    /// </summary>
    private int? TransposedChannels(TracedTensor indices, TracedTensor state)
    {
        if (indices.InputData is not { } data || indices.Type != GgmlType.I64 || indices.Shape.Count % _graph.Tokens != 0)
            return null;
        var channels = (int)(indices.Shape.Count / _graph.Tokens);
        var cells = state.Shape.Count / channels;
        if (cells * channels != state.Shape.Count || cells < _graph.Tokens)
            return null;
        for (var i = 0; i < indices.Shape.Count; i++)
            if (BitConverter.ToInt64(data, i * sizeof(long)) != i / channels + cells * (i % channels))
                return null;
        return channels;
    }

    /// <summary>rows [1, C T] -> [C, T] -> [T, C], filled up with zeros to the number of cells.</summary>
    private TracedTensor StoreTransposed(TracedTensor rows, TracedTensor state, int channels)
    {
        var tokens = _graph.Tokens;
        if (rows.Type != state.Type || !rows.Strides.SequenceEqual(ContiguousStrides(rows.Type, rows.Shape)))
            throw new NotSupportedException($"{rows} is stored transposed into {state.Name} of type {state.Type}, but is not contiguous.");
        var matrix = Step(state, "matrix", GgmlOp.Reshape, new Shape(channels, tokens), rows);
        var strides = matrix.Strides;
        var transposed = Step(
            state, "transposed", GgmlOp.Transpose, new Shape(tokens, channels), matrix, strides: [strides[1], strides[0], strides[2], strides[3]]);
        var columns = Step(state, "columns", GgmlOp.Cont, transposed.Shape, transposed);
        var cells = state.Shape.Count / channels;
        return Step(state, "filled", GgmlOp.Pad, new Shape(cells, channels), columns, parameters: [0, (int)(cells - tokens), .. new int[14]]);
    }

    /// <summary>Appends an operation that brings what is stored into the form of the state.</summary>
    private TracedTensor Step(
        TracedTensor state, string role, GgmlOp op, Shape shape, TracedTensor source, long[]? strides = null, int[]? parameters = null)
    {
        var step = new TracedTensor
        {
            Name = $"{state.Name}.{role}",
            Op = op,
            Type = source.Type,
            Shape = shape,
            Strides = strides ?? ContiguousStrides(source.Type, shape),
            OpParams = parameters ?? new int[16],
            Sources = [source],
            ViewSource = op.IsView ? source : null,
        };
        Append(step, step);
        return step;
    }

    private static bool AreConsecutive(TracedTensor node, TracedTensor indices)
    {
        var data = indices.InputData ?? throw new NotSupportedException($"{node} stores at computed positions ({indices}).");
        for (var i = 0; i < indices.Shape.Count; i++)
        {
            var index = indices.Type == GgmlType.I64 ? BitConverter.ToInt64(data, i * 8) : BitConverter.ToInt32(data, i * 4);
            if (index != i)
                return false;
        }
        return true;
    }

    /// <summary>
    /// Rows stored at other positions than one behind the other: the state is what it was before, with these rows replaced. Where
    /// they go does not depend on the tokens; the graph was recorded twice to know.
    /// </summary>
    private void ReplaceRows(TracedTensor node, TracedTensor state)
    {
        var (rows, target) = (node.Sources[0]!, node.Sources[2]!);
        if (target.Shape.Count != state.Shape.Count || target.ViewOffset != 0 || rows.Type != state.Type || state.Type != GgmlType.F32)
            throw new NotSupportedException(
                $"{node} stores rows of type {rows.Type} at chosen positions in a part of the state {state.Name} {state.Shape} of type {state.Type}.");
        var replaced = Rewrite(node);
        Append(node, replaced);
        _content[state] = replaced;
    }

    private TracedTensor Rewrite(TracedTensor node)
    {
        var owner = node.Op.IsView ? Owner(node) : null;
        return node with
        {
            Sources = [.. node.Sources.Select(source => source is null ? null : Map(source))],
            // Only views keep sharing memory; what ran in place gets memory of its own, because gradients need the old values.
            ViewSource = owner is null ? null : Map(owner),
            ViewOffset = owner is null ? 0 : node.ViewOffset - owner.ViewOffset,
        };
    }

    /// <summary>
    /// What a view looks at. ggml names the tensor that owns the memory; if an operation changed that in place, the view sees the
    /// operation's result, which has memory of its own here.
    /// </summary>
    private static TracedTensor Owner(TracedTensor view)
    {
        var source = view.Sources[0]!;
        while (source.Op.IsView)
            source = source.Sources[0]!;
        return source;
    }

    private TracedTensor Map(TracedTensor tensor)
    {
        if (_states.Contains(tensor))
            return Content(tensor);
        return tensor.IsLeaf ? tensor : _rewritten.TryGetValue(tensor, out var mapped)
            ? mapped
            : throw new NotSupportedException($"{tensor} is used, but only stores a state for the next call.");
    }

    private TracedTensor Content(TracedTensor state)
    {
        if (_content.TryGetValue(state, out var content))
            return content;
        var start = Leaf(state, "start", new byte[state.Shape.Count * sizeof(float)]);
        _starts.Add(start);
        return _content[state] = start;
    }

    /// <summary>Stands for what a call leaves behind. Harmless unless something reads it: then emitting the graph fails.</summary>
    private static TracedTensor Overwritten(TracedTensor state) => Leaf(state, "overwritten", null);

    private static TracedTensor Leaf(TracedTensor state, string role, byte[]? data) =>
        state with { Name = $"{state.Name}.{role}", Weight = default, InputData = data };

    private void Append(TracedTensor original, TracedTensor replacement)
    {
        _rewritten[original] = replacement;
        _nodes.Add(replacement);
    }

    internal static long[] ContiguousStrides(GgmlType type, Shape shape)
    {
        var row = (long)Ggml.ggml_row_size(type, shape.Ne0);
        return [(long)Ggml.ggml_type_size(type), row, row * shape.Ne1, row * shape.Ne1 * shape.Ne2];
    }
}
