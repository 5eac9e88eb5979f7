using System.Numerics;
using System.Runtime.InteropServices;

namespace LoraBridge.Training.Graphs;

/// <summary>
/// The inputs of a recorded graph, to be filled for rows of our own: several sequences packed behind each other, each with
/// positions that start at 0.
/// </summary>
/// <remarks>
/// What llama.cpp put into the inputs while recording tells how they depend on positions: token i of the recorded row stood at
/// position i. So an input with a value per token is filled by looking the token's position up, and the attention mask by
/// looking up the pair of positions where both tokens belong to the same sequence. Sliding windows, chunks, ALiBi distances and
/// attention temperatures come out right without their being known here. What is neither stays as it was recorded, or is what
/// llama.cpp computes for the row's tokens. Where attention takes them, masks are filled as intervals, in memory that grows with T.
/// </remarks>
internal sealed class RowInputs
{
    private readonly int _tokens;
    private readonly TokenInputs? _tokenInputs;
    private readonly Dictionary<TracedTensor, TensorPtr> _tensors = [];

    /// <param name="graph">The recorded graph.</param>
    /// <param name="leaves">Where to make a leaf for each input.</param>
    /// <param name="takenAsIntervals">
    /// Masks of which every use takes the cells that each token sees, I32 [3, T] (<see cref="SeenCells"/>), instead of a number for each pair.
    /// </param>
    /// <exception cref="NotSupportedException">The graph computes logits for some of the tokens, and it does not show for which.</exception>
    public RowInputs(TracedGraph graph, GraphBuilder leaves, IReadOnlySet<TracedTensor>? takenAsIntervals = null)
    {
        _tokens = graph.Tokens;
        _tokenInputs = graph.TokenInputs is { } inputs && inputs.AreIn(graph) ? inputs : null;
        OutputRows = FindOutputRows(graph);
        foreach (var leaf in graph.Leaves.Where(leaf => leaf.IsInput && leaf != OutputRows))
        {
            if (takenAsIntervals?.Contains(leaf) == true && _tokenInputs?.Contains(leaf) != true)
                _tensors.Add(leaf, leaves.Leaf(GgmlType.I32, new Shape(SeenCells.Words, _tokens), leaf.Name));
            else
                _tensors.Add(leaf, leaves.Leaf(leaf.Type, leaf.Shape, leaf.Name));
        }
    }

    /// <summary>
    /// Whether an input says something about tokens and parts of the row other than single tokens, such as blocks of them, or depends on
    /// other tokens before them: that is known for rows that begin at position 0 only, so a row must hold one sequence.
    /// </summary>
    public bool OneSequencePerRow => _tokenInputs is not null || _tensors.Keys.Any(leaf => IsMask(leaf) && !IsPairwise(leaf));

    /// <summary>The input that selects which tokens get logits; null in models that compute them for all.</summary>
    public TracedTensor? OutputRows { get; }

    public IReadOnlyDictionary<TracedTensor, TensorPtr> Tensors => _tensors;

    /// <summary>Fills all inputs but <see cref="OutputRows"/>. The spans have one element per token of the row.</summary>
    /// <param name="tokens">Token ids.</param>
    /// <param name="positions">Position of each token in its sequence.</param>
    /// <param name="sequences">Number of the sequence that each token belongs to.</param>
    public void Fill(ReadOnlySpan<int> tokens, ReadOnlySpan<int> positions, ReadOnlySpan<int> sequences)
    {
        if (tokens.Length != _tokens || positions.Length != _tokens || sequences.Length != _tokens)
            throw new ArgumentException(
                $"A row has {_tokens} tokens; found {tokens.Length} tokens, {positions.Length} positions, {sequences.Length} sequences.");

        var computed = _tokenInputs?.For(tokens);
        foreach (var (traced, tensor) in _tensors)
        {
            if (traced.HoldsTokens)
                tensor.Set(tokens);
            else if (computed?.GetValueOrDefault(traced) is { } data)
                tensor.Set<byte>(data);
            else if (tensor.Type != traced.Type)
                FillIntervals(traced.Mask!, tensor, positions, sequences);
            else if (IsMask(traced) && IsPairwise(traced))
                FillMask(traced, tensor, positions, sequences);
            else if (!IsMask(traced) && TokenDimension(traced) is { } dimension)
                FillByPosition(traced, tensor, dimension, positions);
            else
                tensor.Set<byte>(traced.InputData);
        }
    }

    /// <summary>
    /// The input that selects which tokens get logits: like the ids, it is data of ours and no function of positions. It holds the indices of
    /// the last tokens, for which logits were asked, and nothing uses it but to select rows of what the graph computes. (Its name is not the
    /// same in all builds of llama.cpp, and some have none.)
    /// </summary>
    private static TracedTensor? FindOutputRows(TracedGraph graph)
    {
        var last = Enumerable.Range(graph.Tokens - graph.OutputRows, graph.OutputRows).ToArray();
        var found = graph.Leaves.Where(leaf =>
            leaf is { InputData: { } data, HoldsTokens: false, Type: GgmlType.I32 }
            && leaf.Shape == new Shape(last.Length)
            && MemoryMarshal.Cast<byte, int>(data).SequenceEqual(last)
            && graph.Nodes.Where(node => node.Sources.Contains(leaf)).All(node => SelectsRows(node, leaf))).ToArray();
        return found.Length switch
        {
            1 => found[0],
            0 when graph.OutputRows == graph.Tokens => null,
            _ => throw new NotSupportedException(
                $"The model's graph computes logits for {graph.OutputRows} of {graph.Tokens} tokens, and {found.Length} of its inputs say for which; expected one."),
        };
    }

    private static bool SelectsRows(TracedTensor node, TracedTensor rows) =>
        node.Op == GgmlOp.GetRows && node.Sources[1] == rows && node.Sources[0] is { IsLeaf: false };

    private bool IsMask(TracedTensor traced) => traced.Shape.Ne1 == _tokens && traced.Shape.Ne0 >= _tokens && IsFloating(traced.Type);

    /// <summary>Whether column j of a mask stands for token j: then every token sees itself.</summary>
    private bool IsPairwise(TracedTensor mask)
    {
        if (mask.Mask is not null)
            return true;
        var (size, cells) = ((int)mask.Strides[0], (int)mask.Shape.Ne0);
        for (var row = 0; row < mask.Shape.Rows; row++)
        {
            var element = mask.InputData.AsSpan((row * cells + row % _tokens) * size, size);
            var visible = mask.Type == GgmlType.F32 ? MemoryMarshal.Read<float>(element) : (float)MemoryMarshal.Read<Half>(element);
            if (!float.IsFinite(visible))
                return false;
        }
        return true;
    }

    private static bool IsFloating(GgmlType type) => type is GgmlType.F32 or GgmlType.F16;

    /// <summary>mask [N, T, *], N cells for T tokens: what the recorded row had for the pair of positions, or minus infinity.</summary>
    private void FillMask(TracedTensor traced, TensorPtr tensor, ReadOnlySpan<int> positions, ReadOnlySpan<int> sequences)
    {
        if (traced.Type == GgmlType.F32)
            FillMask(traced, tensor, positions, sequences, float.NegativeInfinity);
        else
            FillMask(traced, tensor, positions, sequences, Half.NegativeInfinity);
    }

    private void FillMask<T>(
        TracedTensor traced, TensorPtr tensor, ReadOnlySpan<int> positions, ReadOnlySpan<int> sequences, T hidden) where T : unmanaged, IFloatingPointIeee754<T>
    {
        var cells = (int)traced.Shape.Ne0;
        var simple = traced.Mask;
        var recorded = MemoryMarshal.Cast<byte, T>(traced.InputData);
        var mask = tensor.HostSpan<T>(0, checked((int)traced.Shape.Count));
        mask.Fill(hidden);
        for (var matrix = 0; matrix < mask.Length; matrix += cells * _tokens)
            for (var i = 0; i < _tokens; i++)
                for (var j = 0; j < _tokens; j++)
                    if (sequences[i] == sequences[j])
                        mask[matrix + i * cells + j] = simple?.At<T>(positions[i], positions[j]) ?? recorded[matrix + positions[i] * cells + positions[j]];
    }

    /// <summary>The same as intervals: the tokens of a sequence lie behind each other, from position 0 on, so that what one of them sees does too.</summary>
    private static void FillIntervals(PositionMask mask, TensorPtr tensor, ReadOnlySpan<int> positions, ReadOnlySpan<int> sequences)
    {
        var seen = tensor.HostSpan<SeenCells>(0, positions.Length);
        for (int begin = 0, end; begin < seen.Length; begin = end)
        {
            var length = sequences[begin..].IndexOfAnyExcept(sequences[begin]);
            end = length < 0 ? seen.Length : begin + length;
            if (sequences[..begin].Contains(sequences[begin]))
                throw new ArgumentException($"Tokens of sequence {sequences[begin]} lie apart in the row: one is at {begin}, others before.");
            for (var i = begin; i < end; i++)
                seen[i] = positions[i] == i - begin
                    ? mask.Seen(positions[i], begin, end - begin)
                    : throw new ArgumentException($"Token {i - begin} of sequence {sequences[i]} has position {positions[i]}, expected {i - begin}.");
        }
    }

    /// <summary>The dimension that runs over the tokens: of extent T, or a whole number of times T for several values behind each other.</summary>
    private int? TokenDimension(TracedTensor traced)
    {
        for (var i = Shape.Dimensions - 1; i >= 0; i--)
            if (traced.Shape[i] == _tokens)
                return i;
        return traced.Shape.Rows == 1 && traced.Shape.Ne0 > _tokens && traced.Shape.Ne0 % _tokens == 0 ? 0 : null;
    }

    private void FillByPosition(TracedTensor traced, TensorPtr tensor, int dimension, ReadOnlySpan<int> positions)
    {
        var recorded = traced.InputData!;
        var filled = tensor.HostBytes(0, recorded.Length);
        // Elements of one token lie together in pieces of `piece` bytes, T pieces to a block.
        var piece = (int)traced.Strides[0];
        for (var i = 0; i < dimension; i++)
            piece *= (int)traced.Shape[i];
        var block = piece * _tokens;
        for (var start = 0; start < recorded.Length; start += block)
            for (var i = 0; i < _tokens; i++)
                recorded.AsSpan(start + positions[i] * piece, piece).CopyTo(filled[(start + i * piece)..]);
    }
}
