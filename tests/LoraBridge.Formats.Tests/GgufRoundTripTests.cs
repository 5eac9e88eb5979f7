using CsCheck;

namespace LoraBridge.Formats.Tests;

public sealed class GgufRoundTripTests
{
    [Fact]
    public void Files_of_llama_cpp_are_written_back_byte_for_byte()
    {
        foreach (var path in Zoo.Originals())
        {
            using var file = GgufFile.Open(path);
            Assert.True(SampleGguf.Encode(CopyOf(file)).AsSpan().SequenceEqual(File.ReadAllBytes(path)), path);
        }
    }

    [Fact]
    public void A_sample_is_written_back_byte_for_byte()
    {
        var bytes = SampleGguf.Encoded();
        using var file = GgufFile.Open(bytes, "sample");
        Assert.Equal(bytes, SampleGguf.Encode(CopyOf(file)));
        Assert.Equal(bytes.Length, SampleGguf.Writer().FileLength);
    }

    [Fact]
    public void Values_come_back_with_their_types()
    {
        using var file = GgufFile.Open(SampleGguf.Encoded(), "sample");
        var read = file.Metadata;
        Assert.Equal(SampleGguf.Metadata().Keys, read.Keys);
        foreach (var (key, value) in SampleGguf.Metadata())
        {
            Assert.Equal(value.TypeName, read[key].TypeName);
            Assert.Equal(value.ToString(), read[key].ToString());
        }

        Assert.Equal(["<s>", "", "wörd", "\u2581a"], read.GetStringArray("tokens"));
        Assert.Equal([0f, -1f, float.NaN], read.GetFloat32Array("scores"));
        Assert.Equal([1L, 3, -2], read.GetInt64Array("types"));
        Assert.True(read["flags"].TryGetArray<bool>(out var flags));
        Assert.Equal([true, false, true], flags);
        Assert.Equal("llama", read.Architecture);
        Assert.Equal(128u, read.GetUInt32(read.ArchitectureKey("context_length")));
    }

    [Fact]
    public void Tensors_come_back_whole_and_in_parts()
    {
        using var file = GgufFile.Open(SampleGguf.Encoded(), "sample");
        var tensor = file.Find("blk.0.ffn_gate_exps.weight");
        Assert.NotNull(tensor);
        Assert.Equal([32, 2, 3], tensor.Shape);
        Assert.Equal(192, tensor.ElementCount);
        Assert.Equal(6, tensor.RowCount);
        Assert.Equal(0, tensor.Offset % file.Alignment);

        var expected = SampleGguf.Bytes(6 * 34);
        Assert.Equal(expected, file.ReadAll(tensor));
        var part = new byte[34];
        file.Read(tensor, part, 5 * 34);
        Assert.Equal(expected[(5 * 34)..], part);
        using var stream = file.OpenRead(tensor);
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        Assert.Equal(expected, copy.ToArray());
        Assert.Throws<ArgumentOutOfRangeException>(() => file.Read(tensor, new byte[2], 6 * 34 - 1));
        Assert.Null(file.Find("nothing"));
    }

    [Fact]
    public void Any_alignment_and_any_shapes_come_back() =>
        Gen.Select(Gen.Int[0, 12], Gen.Select(Gen.Long[1, 5], Gen.Long[1, 4], Gen.Long[1, 3]).Array[0, 6]).Sample(
            (power, shapes) =>
            {
                var writer = new GgufWriter(new GgufMetadata().Set("general.alignment", 1u << power));
                for (var i = 0; i < shapes.Length; i++)
                {
                    var (a, b, c) = shapes[i];
                    writer.AddTensor($"t{i}", GgmlType.F16, [a, b, c], SampleGguf.Bytes((int)(a * b * c) * 2));
                }

                var bytes = SampleGguf.Encode(writer);
                Assert.Equal(bytes.Length, writer.FileLength);
                using var file = GgufFile.Open(bytes, "generated");
                Assert.Equal(shapes.Length, file.Tensors.Length);
                foreach (var (tensor, (a, b, c)) in file.Tensors.Zip(shapes))
                {
                    Assert.Equal(0, tensor.Offset % (1L << power));
                    Assert.Equal((a, b, c), (tensor.Dimension(0), tensor.Dimension(1), tensor.Dimension(2)));
                    Assert.Equal(SampleGguf.Bytes((int)(a * b * c) * 2), file.ReadAll(tensor));
                }
            },
            iter: 300);

    private static GgufWriter CopyOf(GgufFile file)
    {
        var writer = new GgufWriter(file.Metadata);
        foreach (var tensor in file.Tensors)
            writer.AddTensor(file, tensor);
        return writer;
    }
}
