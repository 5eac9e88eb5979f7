using static LoraBridge.Native.Llama;

namespace LoraBridge.Native;

/// <summary>Loads LoRA adapters.</summary>
internal static class LlamaAdapters
{
    /// <summary>
    /// Loads the adapter file at <paramref name="path"/> for <paramref name="model"/>. Load adapters before making the contexts that
    /// use them: a context sizes its graphs by the adapters that the model has.
    /// </summary>
    /// <exception cref="NativeException">llama.cpp refused it; the message ends with what it logged.</exception>
    internal static LlamaAdapterHandle Load(LlamaModelHandle model, string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        NativeLog.Clear();
        return new LlamaAdapterHandle(
            llama_adapter_lora_init(model.Pointer, path), model, $"The adapter {path} could not be loaded for this model.");
    }
}
