using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>LoRA adapters and control vectors.</summary>
internal static unsafe partial class Llama
{
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial LlamaAdapterPtr llama_adapter_lora_init(LlamaModelPtr model, string? path_lora);

    [LibraryImport(Library)]
    internal static partial int llama_adapter_meta_count(LlamaAdapterPtr adapter);

    [LibraryImport(Library)]
    internal static partial int llama_adapter_meta_key_by_index(LlamaAdapterPtr adapter, int i, Span<byte> buf, nuint buf_size);

    [LibraryImport(Library)]
    internal static partial int llama_adapter_meta_val_str_by_index(LlamaAdapterPtr adapter, int i, Span<byte> buf, nuint buf_size);

    [LibraryImport(Library)]
    internal static partial void llama_adapter_lora_free(LlamaAdapterPtr adapter);

    [LibraryImport(Library)]
    internal static partial int llama_set_adapters_lora(
        LlamaContextPtr ctx, ReadOnlySpan<LlamaAdapterPtr> adapters, nuint n_adapters, ReadOnlySpan<float> scales);
}
