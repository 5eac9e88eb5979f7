using System.Text;
using CsCheck;

namespace LoraBridge.Formats.Tests;

public sealed class SafetensorsTests
{
    [Fact]
    public void Tensors_and_metadata_come_back()
    {
        using var file = SafetensorsFile.Open(Encoded(), "sample");
        Assert.Equal("pt", file.Metadata["format"]);
        Assert.Equal(["wide", "bf", "half", "flags", "none"], file.Tensors.Select(tensor => tensor.Name));
        Assert.All(file.Tensors, tensor => Assert.Equal(0, tensor.Offset % tensor.Type.Size()));
        Assert.Equal([1, 0, 1], file.ReadAll(file.Find("flags")!));

        var values = new float[2];
        file.ReadAsFloat32(file.Find("half")!, values);
        Assert.Equal([1f, -2f], values);
        file.ReadAsFloat32(file.Find("bf")!, values.AsSpan(1), firstElement: 1);
        Assert.Equal([1f, -2f], values);
        file.ReadAsFloat32(file.Find("wide")!, values.AsSpan(0, 1));
        Assert.Equal(0.1f, values[0]);
        Assert.Throws<NotSupportedException>(() => file.ReadAsFloat32(file.Find("flags")!, values));
        Assert.Throws<ArgumentOutOfRangeException>(() => file.ReadAsFloat32(file.Find("half")!, new float[3]));
    }

    [Fact]
    public void The_bytes_are_those_of_the_format()
    {
        var writer = new SafetensorsWriter();
        writer.AddTensor("a", SafetensorsType.Float16, [1, 2], new byte[] { 1, 2, 3, 4 });
        const string Json = """{"a":{"dtype":"F16","shape":[1,2],"data_offsets":[0,4]}}""";
        Assert.Equal([.. BitConverter.GetBytes(56L), .. Encoding.UTF8.GetBytes(Json.PadRight(56)), 1, 2, 3, 4], Encode(writer));
    }

    [Fact]
    public void The_order_of_adding_does_not_change_the_bytes()
    {
        var forward = new SafetensorsWriter();
        var backward = new SafetensorsWriter();
        string[] names = ["x", "b", "a.10", "a.9"];
        foreach (var name in names)
            forward.AddTensor(name, SafetensorsType.Float32, [1], SampleGguf.Bytes(4));
        foreach (var name in names.Reverse())
            backward.AddTensor(name, SafetensorsType.Float32, [1], SampleGguf.Bytes(4));
        Assert.Equal(Encode(forward), Encode(backward));
    }

    [Fact]
    public void Damaged_files_are_refused_or_read_but_never_crash() =>
        HostileBytes.Of(Encoded()).Sample(
            bytes => HostileBytes.CheckSafe(bytes, () =>
            {
                using var file = SafetensorsFile.Open(bytes, "fuzz");
                foreach (var tensor in file.Tensors)
                    Assert.Equal(tensor.ByteLength, file.ReadAll(tensor).Length);
            }),
            iter: 3_000);

    [Theory]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "twice")]
    [InlineData("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}}""", "expected 4")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "expected 0")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", "the file has 8")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}""", "the file has 8")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", "has 8 bytes of data")]
    [InlineData("""{"a":{"dtype":"F4","shape":[2],"data_offsets":[0,8]}}""", "'F4'")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""", "no integer")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1e3],"data_offsets":[0,8]}}""", "no integer")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}}""", "has 8 bytes of data")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", "ascending")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2]}}""", "needs dtype")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"strides":[1]}}""", "'strides'")]
    [InlineData("""{"__metadata__":{"n":1}}""", "expected a String")]
    [InlineData("""[]""", "expected a StartObject")]
    [InlineData("""{"a":""", "not valid JSON")]
    [InlineData("", "not valid JSON")]
    public void Faults_of_the_header_are_named(string json, string expected)
    {
        byte[] bytes = [.. BitConverter.GetBytes((long)json.Length), .. Encoding.UTF8.GetBytes(json), .. new byte[8]];
        var error = Assert.Throws<InvalidDataException>(() => SafetensorsFile.Open(bytes, "hostile"));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_claimed_header_beyond_the_file_is_refused()
    {
        byte[] bytes = [.. BitConverter.GetBytes(1L << 60), .. "{}"u8];
        var error = Assert.Throws<InvalidDataException>(() => SafetensorsFile.Open(bytes, "hostile"));
        Assert.Contains("expected at most 2", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_index_joins_its_files()
    {
        using var folder = new TemporaryFolder();
        Save(folder["m-1.safetensors"], "a");
        Save(folder["m-2.safetensors"], "b");
        var index = folder["model.safetensors.index.json"];
        File.WriteAllText(index, """{"metadata":{"total_size":8},"weight_map":{"b":"m-2.safetensors","a":"m-1.safetensors"}}""");
        using (var model = SafetensorsModelFiles.Open(index))
        {
            Assert.Equal(2, model.Files.Length);
            Assert.Equal(folder["m-2.safetensors"], model.Find("b")!.File.Path);
        }

        using var single = SafetensorsModelFiles.Open(folder["m-1.safetensors"]);
        Assert.Equal("a", Assert.Single(single.Tensors).Name);

        File.WriteAllText(index, """{"weight_map":{"a":"m-1.safetensors","c":"m-1.safetensors"}}""");
        Assert.Contains("'c'", Refusal(index), StringComparison.Ordinal);
        File.WriteAllText(index, """{"weight_map":{"a":"../m-1.safetensors"}}""");
        Assert.Contains("same folder", Refusal(index), StringComparison.Ordinal);
        File.WriteAllText(index, """{"weight_map":[]}""");
        Assert.Contains("weight_map", Refusal(index), StringComparison.Ordinal);
        File.WriteAllText(index, """{"weight_map":{"a":"m-3.safetensors"}}""");
        Assert.Throws<FileNotFoundException>(() => SafetensorsModelFiles.Open(index));
    }

    private static string Refusal(string path) =>
        Assert.Throws<InvalidDataException>(() => SafetensorsModelFiles.Open(path)).Message;

    private static void Save(string path, string tensor)
    {
        var writer = new SafetensorsWriter();
        writer.AddTensor(tensor, SafetensorsType.Float32, [1], new byte[4]);
        writer.Save(path, cancellationToken: TestContext.Current.CancellationToken);
    }

    private static byte[] Encoded()
    {
        var writer = new SafetensorsWriter { Metadata = { ["format"] = "pt" } };
        writer.AddTensor("flags", SafetensorsType.Bool, [3], new byte[] { 1, 0, 1 });
        writer.AddTensor("half", SafetensorsType.Float16, [2, 1], new byte[] { 0x00, 0x3c, 0x00, 0xc0 });
        writer.AddTensor("bf", SafetensorsType.BFloat16, [2], new byte[] { 0x80, 0x3f, 0x00, 0xc0 });
        writer.AddTensor("wide", SafetensorsType.Float64, [], BitConverter.GetBytes(0.1));
        writer.AddTensor("none", SafetensorsType.Bool, [0, 7], Array.Empty<byte>());
        return Encode(writer);
    }

    private static byte[] Encode(SafetensorsWriter writer)
    {
        using var stream = new MemoryStream();
        writer.WriteTo(stream, cancellationToken: TestContext.Current.CancellationToken);
        return stream.ToArray();
    }
}
