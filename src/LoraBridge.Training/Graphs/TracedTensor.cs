using System.Runtime.CompilerServices;
using LoraBridge.Formats;
using LoraBridge.Native;

namespace LoraBridge.Training.Graphs;

/// <summary>
/// One tensor of a recorded graph: a managed copy of what ggml knew of it, which outlives the graph it was recorded from.
/// Sources always come before the tensors that use them. Two are the same only if they are one object.
/// </summary>
internal sealed record TracedTensor
{
    public required string Name { get; init; }

    public required GgmlOp Op { get; init; }

    public required GgmlType Type { get; init; }

    public required Shape Shape { get; init; }

    /// <summary>Strides in bytes.</summary>
    public required long[] Strides { get; init; }

    /// <summary>The operation's parameters, 16 words, floats by their bits.</summary>
    public int[] OpParams { get; init; } = new int[16];

    /// <summary>Sources by their position; a position may be empty.</summary>
    public TracedTensor?[] Sources { get; init; } = [];

    /// <summary>The tensor whose memory this one shares, if any.</summary>
    public TracedTensor? ViewSource { get; init; }

    /// <summary>Offset into <see cref="ViewSource"/>, in bytes.</summary>
    public long ViewOffset { get; init; }

    /// <summary>
    /// The native tensor of a weight; it lives as long as the model or the adapter. Null for everything else. One on a device may take the place
    /// of the one that was recorded (<see cref="DeviceWeights.Bind"/>).
    /// </summary>
    public TensorPtr Weight { get; set; }

    /// <summary>What an input held while the graph was recorded; null for one that is kept as a <see cref="Mask"/>.</summary>
    public byte[]? InputData { get; init; }

    /// <summary>What an input held, where that is a mask of attention that depends on positions in a simple way.</summary>
    public PositionMask? Mask { get; init; }

    /// <summary>Whether this is the input that holds the ids of the row's tokens.</summary>
    public bool HoldsTokens { get; set; }

    public bool IsLeaf => Op == GgmlOp.None;

    public bool IsWeight => !Weight.IsNull;

    public bool IsInput => InputData is not null || Mask is not null;

    public bool Equals(TracedTensor? other) => ReferenceEquals(this, other);

    public override int GetHashCode() => RuntimeHelpers.GetHashCode(this);

    public float FloatParam(int index) => BitConverter.Int32BitsToSingle(OpParams[index]);

    public override string ToString() => $"{Op} {(Name.Length > 0 ? Name : "(unnamed)")} {Shape}";
}
