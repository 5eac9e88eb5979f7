using LoraBridge.Formats;
using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Tests;

/// <summary>Masks of attention as llama.cpp records them, by the positions of the token that sees and of the one that is seen.</summary>
internal static class MaskCases
{
    private const float Hidden = float.NegativeInfinity;

    /// <summary>Those that a <see cref="PositionMask"/> holds.</summary>
    public static IReadOnlyDictionary<string, Func<int, int, float>> Simple { get; } = new Dictionary<string, Func<int, int, float>>
    {
        ["causal"] = (i, j) => j > i ? Hidden : 0,
        ["window"] = (i, j) => j > i || j <= i - 7 ? Hidden : 0,
        ["symmetric window"] = (i, j) => Math.Abs(i - j) > 5 ? Hidden : 0,
        ["chunks"] = (i, j) => j > i || j / 8 != i / 8 ? Hidden : 0,
        ["one ahead"] = (i, j) => j > i + 1 ? Hidden : 0,
        ["both directions"] = (_, _) => 0,
        ["ALiBi"] = (i, j) => j > i ? Hidden : -Math.Abs(i - j),
        ["ALiBi in a window"] = (i, j) => j > i || j <= i - 7 ? Hidden : -Math.Abs(i - j),
        ["ALiBi in chunks"] = (i, j) => j > i || j / 8 != i / 8 ? Hidden : -Math.Abs(i - j),
        ["ALiBi in both directions"] = (i, j) => 0.25f * (i - j),
    };

    /// <summary>Those that it does not.</summary>
    public static IReadOnlyDictionary<string, Func<int, int, float>> Others { get; } = new Dictionary<string, Func<int, int, float>>
    {
        ["holes"] = (i, j) => j > i || j % 3 == 1 && i != j ? Hidden : 0,
        ["holes that come late"] = (i, j) => j > i || j == 2 && i > 20 ? Hidden : 0,
        ["its own cell hidden"] = (i, j) => j >= i && i > 0 ? Hidden : 0,
        ["nothing seen"] = (i, j) => j > i || i == 9 ? Hidden : 0,
        ["numbers by position"] = (i, j) => j > i ? Hidden : j,
        ["one other number"] = (i, j) => j > i ? Hidden : i == 20 && j == 3 ? -1 : 0,
        ["no number"] = (i, j) => j > i ? Hidden : i - j == 4 ? float.NaN : 0,
        ["a huge number"] = (i, j) => j > i ? Hidden : i - j == 4 ? float.PositiveInfinity : 0,
    };

    /// <summary>The bytes of a mask [cells, tokens]; llama.cpp has more cells than tokens, and hides the others.</summary>
    public static byte[] Record(Func<int, int, float> mask, GgmlType type, int tokens, int cells) =>
    [
        .. from i in Enumerable.Range(0, tokens)
           from j in Enumerable.Range(0, cells)
           let number = j < tokens ? mask(i, j) : Hidden
           from part in type == GgmlType.F16 ? BitConverter.GetBytes((Half)number) : BitConverter.GetBytes(number)
           select part,
    ];

    /// <summary>What <paramref name="read"/> makes of a tensor that holds <paramref name="data"/>.</summary>
    public static T WithTensor<T>(GgmlType type, Shape shape, byte[] data, Func<TensorPtr, T> read)
    {
        NativeRuntime.Initialize();
        using var engine = new ComputeEngine(1);
        using var builder = new GraphBuilder(4);
        var tensor = builder.Leaf(type, shape, "mask");
        using var memory = engine.Allocate(builder);
        tensor.Set<byte>(data);
        return read(tensor);
    }
}
