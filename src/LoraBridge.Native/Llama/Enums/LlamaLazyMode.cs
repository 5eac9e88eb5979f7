namespace LoraBridge.Native;

/// <summary>Which tensors are read on demand (<c>llama_lazy_mode</c>).</summary>
internal enum LlamaLazyMode
{
    Off = 0,
    Auto = 1,
    On = 2,
}
