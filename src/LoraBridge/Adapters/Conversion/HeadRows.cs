using LoraBridge.Formats;

namespace LoraBridge.Adapters.Conversion;

/// <summary>
/// The order of the output rows of query and key projections. A head of N rows has N/2 pairs that rotary embeddings turn: pair i is
/// rows (i, i + N/2) in a checkpoint and rows (2i, 2i + 1) in GGUF. Rows of B follow those of the weight; A is not concerned.
/// </summary>
internal static class HeadRows
{
    /// <summary>Heads of a projection by its role, or null where rows keep their order.</summary>
    /// <exception cref="NotSupportedException">The model does not say how many heads it has, or not the same number for all layers.</exception>
    internal static int? HeadsOf(GgufMetadata model, string role)
    {
        if (role is not ("attn_q" or "attn_k"))
            return null;
        var key = model.ArchitectureKey("attention.head_count");
        var keysKey = model.ArchitectureKey("attention.head_count_kv");
        var used = role == "attn_k" && model.ContainsKey(keysKey) ? keysKey : key;
        return model.TryGet(used, out var value) && value.TryGetInt64(out var heads) && heads is > 0 and < 1 << 20
            ? (int)heads
            : throw new NotSupportedException($"{used} of the model is not one number of heads, so that its rows cannot be put into order.");
    }

    /// <summary>From a checkpoint's order to GGUF's.</summary>
    /// <param name="b">B by rows [outputs, rank].</param>
    /// <param name="rank">R.</param>
    /// <param name="heads">Heads.</param>
    internal static float[] Interleave(float[] b, int rank, int heads) => Move(b, rank, heads, toPairs: true);

    /// <summary>Back.</summary>
    /// <inheritdoc cref="Interleave"/>
    internal static float[] Separate(float[] b, int rank, int heads) => Move(b, rank, heads, toPairs: false);

    private static float[] Move(float[] b, int rank, int heads, bool toPairs)
    {
        var rows = b.Length / rank;
        if (rows % (2 * heads) != 0)
            throw new InvalidDataException($"{rows} rows cannot be shared by {heads} heads of an even size.");
        var half = rows / heads / 2;
        var moved = new float[b.Length];
        for (var head = 0; head < heads; head++)
            for (var pair = 0; pair < half; pair++)
                for (var side = 0; side < 2; side++)
                {
                    var (apart, together) = (2 * half * head + half * side + pair, 2 * half * head + 2 * pair + side);
                    var (from, to) = toPairs ? (apart, together) : (together, apart);
                    b.AsSpan(from * rank, rank).CopyTo(moved.AsSpan(to * rank));
                }
        return moved;
    }
}
