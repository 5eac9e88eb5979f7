using System.Text;
using static LoraBridge.Native.Llama;

namespace LoraBridge.Native;

/// <summary>Metadata of loaded models and adapters, as text; arrays are not included.</summary>
internal static class LlamaMetadata
{
    private delegate int Reader(Span<byte> buffer);

    /// <summary>A short description of the model: architecture, size, quantisation.</summary>
    internal static string Description(LlamaModelHandle model) => Read(buffer => llama_model_desc(model.Pointer, buffer, (nuint)buffer.Length));

    /// <summary>The value of <paramref name="key"/>, or null.</summary>
    internal static string? Value(LlamaModelHandle model, string key) => Value(model.Pointer, key);

    /// <inheritdoc cref="Value(LlamaModelHandle, string)"/>
    internal static string? Value(LlamaModelPtr model, string key)
    {
        var found = true;
        var value = Read(buffer =>
        {
            var count = llama_model_meta_val_str(model, key, buffer, (nuint)buffer.Length);
            found = count >= 0;
            return Math.Max(count, 0);
        });
        return found ? value : null;
    }

    internal static IReadOnlyDictionary<string, string> Of(LlamaModelHandle model) => All(
        llama_model_meta_count(model.Pointer),
        i => buffer => llama_model_meta_key_by_index(model.Pointer, i, buffer, (nuint)buffer.Length),
        i => buffer => llama_model_meta_val_str_by_index(model.Pointer, i, buffer, (nuint)buffer.Length));

    internal static IReadOnlyDictionary<string, string> Of(LlamaAdapterHandle adapter) => All(
        llama_adapter_meta_count(adapter.Pointer),
        i => buffer => llama_adapter_meta_key_by_index(adapter.Pointer, i, buffer, (nuint)buffer.Length),
        i => buffer => llama_adapter_meta_val_str_by_index(adapter.Pointer, i, buffer, (nuint)buffer.Length));

    private static Dictionary<string, string> All(int count, Func<int, Reader> key, Func<int, Reader> value)
    {
        var all = new Dictionary<string, string>(count);
        for (var i = 0; i < count; i++)
            all[Read(key(i))] = Read(value(i));
        return all;
    }

    private static string Read(Reader read)
    {
        var buffer = new byte[256];
        var length = read(buffer);
        if (length >= buffer.Length)
        {
            buffer = new byte[length + 1];
            length = read(buffer);
        }
        return length < 0 ? throw new NativeException("A metadata value could not be read.") : Encoding.UTF8.GetString(buffer, 0, length);
    }
}
