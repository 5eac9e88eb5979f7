namespace LoraBridge.Formats.Tests;

public sealed class GgufMetadataTests
{
    [Fact]
    public void Integers_of_any_width_are_read_when_they_fit()
    {
        var metadata = SampleGguf.Metadata();
        Assert.Equal(200, metadata.GetInt32("u8"));
        Assert.Equal(-30000, metadata.GetInt64("i16"));
        Assert.Equal(4_000_000_000u, metadata.GetUInt32("u32"));
        Assert.Equal(ulong.MaxValue, metadata.GetUInt64("u64"));
        Assert.Equal(long.MinValue, metadata.GetInt64("i64"));
        Assert.Equal(60000UL, metadata.GetUInt64("u16"));
        Assert.Equal((float)Math.PI, metadata.GetFloat32("f64"));

        Assert.Throws<InvalidDataException>(() => metadata.GetInt32("u32"));
        Assert.Throws<InvalidDataException>(() => metadata.GetUInt32("i32"));
        Assert.Throws<InvalidDataException>(() => metadata.GetInt64("u64"));
        Assert.Throws<InvalidDataException>(() => metadata.GetUInt64("i8"));
    }

    [Fact]
    public void A_wrong_type_is_an_error_with_key_found_and_expected()
    {
        var metadata = SampleGguf.Metadata();
        var error = Assert.Throws<InvalidDataException>(() => metadata.GetUInt32("tokens"));
        Assert.Equal("GGUF metadata: metadata key 'tokens' has type Array of String, expected UInt32", error.Message);
        Assert.Throws<InvalidDataException>(() => metadata.TryGetString("u32", out _));
        Assert.Throws<InvalidDataException>(() => metadata.GetFloat32("i32"));
        Assert.Throws<InvalidDataException>(() => metadata.GetBool("u8"));
        Assert.Throws<InvalidDataException>(() => metadata.GetInt64Array("scores"));
        Assert.Throws<InvalidDataException>(() => metadata.GetStringArray("general.name"));
    }

    [Fact]
    public void A_missing_key_is_false_or_an_error()
    {
        var metadata = new GgufMetadata();
        Assert.False(metadata.TryGetUInt32("none", out _));
        Assert.Null(metadata.Architecture);
        Assert.Equal(32, metadata.Alignment);
        var error = Assert.Throws<InvalidDataException>(() => metadata.ArchitectureKey("context_length"));
        Assert.Contains("'general.architecture' is missing", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Setting_keeps_the_order_and_replaces_in_place()
    {
        var metadata = new GgufMetadata().Set("b", 1).Set("a", 2).Set("b", 3);
        Assert.Equal(["b", "a"], metadata.Keys);
        Assert.Equal(3, metadata.GetInt32("b"));
        var copy = metadata.Clone();
        Assert.True(copy.Remove("b"));
        Assert.Equal(2, metadata.Count);
    }

    [Fact]
    public void Keys_and_alignments_that_no_file_may_have_are_refused()
    {
        var metadata = new GgufMetadata();
        Assert.Throws<ArgumentException>(() => metadata.Set("", 1));
        Assert.Throws<ArgumentException>(() => metadata.Set("a\0", 1));
        Assert.Throws<ArgumentException>(() => metadata.Set(new string('k', 65536), 1));
        Assert.Throws<ArgumentException>(() => metadata.Set("general.alignment", 33u));
        Assert.Throws<ArgumentException>(() => metadata.Set("general.alignment", 32));
        Assert.Throws<ArgumentException>(() => GgufValue.FromArray<char>(['x']));
        Assert.Empty(metadata);
    }

    [Fact]
    public void Element_types_are_told_apart_by_sign()
    {
        var value = GgufValue.FromArray<sbyte>([-1]);
        Assert.False(value.TryGetArray<byte>(out _));
        Assert.True(value.TryGetArray<sbyte>(out var found));
        Assert.Equal(-1, found[0]);
    }
}
