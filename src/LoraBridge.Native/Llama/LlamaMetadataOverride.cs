using System.Text;

namespace LoraBridge.Native;

/// <summary>A metadata value that replaces the file's. Keys and strings have at most 127 bytes of UTF-8.</summary>
/// <param name="Key">Metadata key.</param>
/// <param name="Value">A <see cref="long"/>, <see cref="double"/>, <see cref="bool"/> or <see cref="string"/>.</param>
internal sealed unsafe record LlamaMetadataOverride(string Key, object Value)
{
    internal LlamaModelKvOverride ToNative()
    {
        var native = new LlamaModelKvOverride();
        Write(Key, new Span<byte>(native.key, 128));
        switch (Value)
        {
            case long number:
                native.tag = LlamaKvOverrideType.Int;
                native.val_i64 = number;
                break;
            case double number:
                native.tag = LlamaKvOverrideType.Float;
                native.val_f64 = number;
                break;
            case bool flag:
                native.tag = LlamaKvOverrideType.Bool;
                native.val_bool = flag;
                break;
            case string text:
                native.tag = LlamaKvOverrideType.Str;
                Write(text, new Span<byte>(native.val_str, 128));
                break;
            default:
                throw new ArgumentException($"{Key}: expected a long, double, bool or string; found {Value?.GetType().Name ?? "null"}.");
        }
        return native;
    }

    private static void Write(string text, Span<byte> destination)
    {
        if (!Encoding.UTF8.TryGetBytes(text, destination[..^1], out _))
            throw new ArgumentException($"'{text}' is longer than the 127 bytes that llama.cpp reserves.");
    }
}
