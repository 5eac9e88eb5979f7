using System.Buffers.Binary;
using System.Text;
using CsCheck;

namespace LoraBridge.Formats.Tests;

public sealed class GgufHostileTests
{
    [Fact]
    public void Damaged_files_are_refused_or_read_but_never_crash() =>
        HostileBytes.Of(SampleGguf.Encoded()).Sample(
            bytes => HostileBytes.CheckSafe(bytes, () =>
            {
                using var file = GgufFile.Open(bytes, "fuzz");
                foreach (var tensor in file.Tensors)
                    Assert.Equal(tensor.ByteLength, file.ReadAll(tensor).Length);
                foreach (var (_, value) in file.Metadata)
                    Assert.NotNull(value.ToString());
            }),
            iter: 5_000);

    [Fact]
    public void A_file_cut_anywhere_before_its_last_value_is_refused()
    {
        var bytes = SampleGguf.Encoded();
        using var whole = GgufFile.Open(bytes, "whole");
        var last = whole.Tensors[^1];
        for (var length = 0; length < last.Offset + last.ByteLength; length++)
        {
            var cut = bytes.AsMemory(0, length);
            Assert.Throws<InvalidDataException>(() => GgufFile.Open(cut, "cut").Dispose());
        }

        GgufFile.Open(bytes.AsMemory(0, (int)(last.Offset + last.ByteLength)), "without padding").Dispose();
    }

    [Theory]
    [InlineData(8, "1152921504606846976 tensors")]
    [InlineData(16, "1152921504606846976 metadata pairs")]
    public void A_claim_of_2_to_the_60_things_is_refused(int position, string expected)
    {
        var bytes = SampleGguf.Encoded();
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(position), 1UL << 60);
        Assert.Contains(expected, Refusal(bytes), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 0x46554746u, "magic number")]
    [InlineData(4, 0u, "version 0")]
    [InlineData(4, 1u, "version 1, expected 2 or 3")]
    [InlineData(4, 4u, "version 4")]
    [InlineData(4, 0x03000000u, "big-endian")]
    public void Other_formats_and_versions_are_refused(int position, uint value, string expected)
    {
        var bytes = SampleGguf.Encoded();
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(position), value);
        var message = Refusal(bytes);
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.Contains($"at byte {position}", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Version_2_is_read()
    {
        var bytes = SampleGguf.Encoded();
        bytes[4] = 2;
        using var file = GgufFile.Open(bytes, "version 2");
        Assert.Equal(2, file.Version);
        Assert.Equal(4, file.Tensors.Length);
    }

    [Fact]
    public void Faults_of_metadata_are_named()
    {
        Assert.Contains("'a' occurs twice", Refusal(Raw(0, Pair("a", 4, 1u), Pair("a", 4, 1u))), StringComparison.Ordinal);
        Assert.Contains("metadata key 0 is empty", Refusal(Raw(0, Pair("", 4, 1u))), StringComparison.Ordinal);
        Assert.Contains("NUL", Refusal(Raw(0, Pair("a\0b", 4, 1u))), StringComparison.Ordinal);
        Assert.Contains("has type 13, expected 0 to 12", Refusal(Raw(0, Pair("a", 13, 1u))), StringComparison.Ordinal);
        Assert.Contains("array of arrays", Refusal(Raw(0, Pair("a", 9, 9u, 0UL))), StringComparison.Ordinal);
        Assert.Contains("elements of metadata key 'a'", Refusal(Raw(0, Pair("a", 9, 0u, 1UL << 60))), StringComparison.Ordinal);
        Assert.Contains("is 48, expected a power of two", Refusal(Raw(0, Pair("general.alignment", 4, 48u))), StringComparison.Ordinal);
        Assert.Contains("is 0, expected a power", Refusal(Raw(0, Pair("general.alignment", 4, 0u))), StringComparison.Ordinal);
        Assert.Contains("has type UInt64, expected UInt32", Refusal(Raw(0, Pair("general.alignment", 10, 32UL))), StringComparison.Ordinal);
    }

    [Fact]
    public void Faults_of_tensors_are_named()
    {
        Assert.Contains("offset 32, expected 0", Refusal(Raw(1, Tensor("t", 0, 32, 4))), StringComparison.Ordinal);
        Assert.Contains("'t' occurs twice", Refusal(Raw(2, Tensor("t", 0, 0, 4), Tensor("t", 0, 32, 4))), StringComparison.Ordinal);
        Assert.Contains("offset 0, expected 32", Refusal(Raw(2, Tensor("t", 0, 0, 4), Tensor("u", 0, 0, 4))), StringComparison.Ordinal);
        Assert.Contains("has type 4, which", Refusal(Raw(1, Tensor("t", 4, 0, 4))), StringComparison.Ordinal);
        Assert.Contains("has type 99, which", Refusal(Raw(1, Tensor("t", 99, 0, 4))), StringComparison.Ordinal);
        Assert.Contains("0 elements in dimension 1", Refusal(Raw(1, Tensor("t", 0, 0, 4, 0))), StringComparison.Ordinal);
        Assert.Contains("-4 elements in dimension 0", Refusal(Raw(1, Tensor("t", 0, 0, -4))), StringComparison.Ordinal);
        Assert.Contains("multiple of 256 for type q4_K", Refusal(Raw(1, Tensor("t", 12, 0, 128))), StringComparison.Ordinal);
        Assert.Contains("5 dimensions", Refusal(Raw(1, Tensor("t", 0, 0, 1, 1, 1, 1, 1))), StringComparison.Ordinal);
        Assert.Contains("0 dimensions", Refusal(Raw(1, Tensor("t", 0, 0))), StringComparison.Ordinal);
        Assert.Contains("below 2^63", Refusal(Raw(1, Tensor("t", 0, 0, 1L << 40, 1L << 40))), StringComparison.Ordinal);
        Assert.Contains("less than 2^63", Refusal(Raw(1, Tensor("t", 0, 0, 1L << 61))), StringComparison.Ordinal);
        Assert.Contains("but the file has", Refusal(Raw(1, Tensor("t", 0, 0, 1L << 40))), StringComparison.Ordinal);
        Assert.Contains("expected at most 63", Refusal(Raw(1, Tensor(new string('n', 64), 0, 0, 4))), StringComparison.Ordinal);
    }

    [Fact]
    public void Names_must_be_utf8()
    {
        var bytes = SampleGguf.Encoded();
        bytes[bytes.AsSpan().IndexOf("token_embd"u8)] = 0xff;
        Assert.Contains("not valid UTF-8", Refusal(bytes), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_none_is_named()
    {
        using var folder = new TemporaryFolder();
        Assert.Throws<FileNotFoundException>(() => GgufFile.Open(folder["missing.gguf"]));
        Assert.Throws<UnauthorizedAccessException>(() => GgufFile.Open(folder.FullName));
        File.WriteAllBytes(folder["empty.gguf"], []);
        var refusal = Assert.Throws<InvalidDataException>(() => GgufFile.Open(folder["empty.gguf"]));
        Assert.StartsWith(folder["empty.gguf"], refusal.Message, StringComparison.Ordinal);
    }

    private static string Refusal(byte[] bytes) =>
        Assert.Throws<InvalidDataException>(() => GgufFile.Open(bytes, "hostile").Dispose()).Message;

    private static byte[] Raw(int tensors, params byte[][] entries) =>
    [
        .. "GGUF"u8, .. BitConverter.GetBytes(3), .. BitConverter.GetBytes((long)tensors),
        .. BitConverter.GetBytes((long)(tensors == 0 ? entries.Length : 0)), .. entries.SelectMany(entry => entry), .. new byte[128],
    ];

    private static byte[] Pair(string key, int type, uint value) =>
        [.. Text(key), .. BitConverter.GetBytes(type), .. BitConverter.GetBytes(value)];

    private static byte[] Pair(string key, int type, ulong value) =>
        [.. Text(key), .. BitConverter.GetBytes(type), .. BitConverter.GetBytes(value)];

    private static byte[] Pair(string key, int type, uint element, ulong count) =>
        [.. Pair(key, type, element), .. BitConverter.GetBytes(count)];

    private static byte[] Tensor(string name, int type, long offset, params long[] shape) =>
    [
        .. Text(name), .. BitConverter.GetBytes(shape.Length), .. shape.SelectMany(BitConverter.GetBytes),
        .. BitConverter.GetBytes(type), .. BitConverter.GetBytes(offset),
    ];

    private static byte[] Text(string text) =>
        [.. BitConverter.GetBytes((long)Encoding.UTF8.GetByteCount(text)), .. Encoding.UTF8.GetBytes(text)];
}
