namespace LoraBridge.Formats.Tests;

/// <summary>A small file with a value of every type and tensors of several types.</summary>
internal static class SampleGguf
{
    public static GgufWriter Writer()
    {
        var writer = new GgufWriter(Metadata());
        writer.AddTensor("token_embd.weight", GgmlType.F32, [8, 3], Bytes(8 * 3 * 4));
        writer.AddTensor("blk.0.attn_q.weight", GgmlType.Q4_K, [256, 2], Bytes(2 * 144));
        writer.AddTensor("blk.0.ffn_gate_exps.weight", GgmlType.Q8_0, [32, 2, 3], Bytes(6 * 34));
        writer.AddTensor("output_norm.weight", GgmlType.BF16, [5], Bytes(10));
        return writer;
    }

    public static GgufMetadata Metadata() => new GgufMetadata()
        .Set("general.architecture", "llama")
        .Set("general.name", "Sämple")
        .Set("u8", (byte)200)
        .Set("i8", (sbyte)-3)
        .Set("u16", (ushort)60000)
        .Set("i16", (short)-30000)
        .Set("u32", 4_000_000_000u)
        .Set("i32", -5)
        .Set("f32", 1.5f)
        .Set("flag", true)
        .Set("u64", ulong.MaxValue)
        .Set("i64", long.MinValue)
        .Set("f64", Math.PI)
        .Set("llama.context_length", 128u)
        .Set("tokens", GgufValue.FromStrings(["<s>", "", "wörd", "\u2581a"]))
        .Set("scores", GgufValue.FromArray<float>([0f, -1f, float.NaN]))
        .Set("types", GgufValue.FromArray<int>([1, 3, -2]))
        .Set("bytes", GgufValue.FromArray<byte>([1, 255]))
        .Set("flags", GgufValue.FromArray([true, false, true]))
        .Set("empty", GgufValue.FromArray<ulong>([]));

    public static byte[] Encoded() => Encode(Writer());

    public static byte[] Encode(GgufWriter writer)
    {
        using var stream = new MemoryStream();
        writer.WriteTo(stream, cancellationToken: TestContext.Current.CancellationToken);
        return stream.ToArray();
    }

    public static byte[] Bytes(int count) => [.. Enumerable.Range(0, count).Select(i => (byte)(i * 37 + count))];
}
