using System.Runtime.InteropServices;
using LoraBridge.Formats;
using static LoraBridge.Native.Llama;

namespace LoraBridge.Native;

/// <summary>Loads LoRA adapters.</summary>
internal static class LlamaAdapters
{
    // b10221 asks for these products to be accumulated in F32, and asserts that what it asks is a product; with an adapter it is a sum.
    private static readonly string[] s_architecturesThatAssert = ["glm4", "glm4moe", "jais2"];
    private static readonly string[] s_modulesThatAssert = ["attn_output", "ffn_down", "ffn_down_shexp"];

    /// <summary>
    /// Loads the adapter file at <paramref name="path"/> for <paramref name="model"/>. Load adapters before making the contexts that
    /// use them: a context sizes its graphs by the adapters that the model has.
    /// </summary>
    /// <exception cref="NativeException">llama.cpp refused it; the message ends with what it logged.</exception>
    /// <exception cref="InvalidDataException">The file is no GGUF file.</exception>
    /// <exception cref="NotSupportedException">The loaded build of llama.cpp would end the process when it uses the adapter.</exception>
    internal static LlamaAdapterHandle Load(LlamaModelHandle model, string path) => Load(model.Pointer, model, path);

    /// <param name="model">The model.</param>
    /// <param name="owner">What owns the model; it stays alive as long as the adapter.</param>
    /// <param name="path">The adapter file.</param>
    /// <inheritdoc cref="Load(LlamaModelHandle, string)"/>
    internal static LlamaAdapterHandle Load(LlamaModelPtr model, SafeHandle owner, string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (LlamaBuild.Loaded == LlamaBuild.B10221)
            RefuseWhatAsserts(path);
        NativeLog.Clear();
        return new LlamaAdapterHandle(
            llama_adapter_lora_init(model, path), owner, $"The adapter {path} could not be loaded for this model.");
    }

    private static void RefuseWhatAsserts(string path)
    {
        using var file = GgufFile.Open(path);
        if (!s_architecturesThatAssert.Contains(file.Metadata.Architecture))
            return;
        var names = file.Tensors.Select(tensor => tensor.Name).Where(name => name.EndsWith(LoraPair.ASuffix, StringComparison.Ordinal));
        if (names.FirstOrDefault(name => s_modulesThatAssert.Contains(TensorNames.ModuleOf(name[..^LoraPair.ASuffix.Length]))) is { } refused)
        {
            throw new NotSupportedException(
                $"{path}: llama.cpp {LlamaBuild.B10221} ends the process over an adapter of {refused[..^LoraPair.ASuffix.Length]} in models of the "
                + $"architecture '{file.Metadata.Architecture}'. Leave the modules {string.Join(", ", s_modulesThatAssert)} out, or use {LlamaBuild.V050}.");
        }
    }
}
