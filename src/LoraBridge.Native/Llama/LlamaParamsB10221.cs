using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary><c>llama_model_params</c> of b10221, as words: only size and alignment matter to a call.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct LlamaModelParamsB10221
{
    private fixed ulong _words[9];
}

/// <summary><c>llama_context_params</c> of b10221, as words: only size and alignment matter to a call.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct LlamaContextParamsB10221
{
    private fixed ulong _words[20];
}

/// <summary>
/// Translates between the parameter structs of v0.5.0, which this assembly works with, and those of b10221: each of the two builds of
/// the struct has the same fields but one, and so the same runs of bytes at other offsets.
/// </summary>
internal static class ParamsB10221
{
    // Without lazy_mode at 28: main_gpu moves there, and what follows is aligned anew.
    private static readonly (int V050, int B10221, int Length)[] s_model = [(0, 0, 28), (32, 28, 4), (40, 32, 40)];

    // Without n_outputs_max_per_seq at 24: all 32-bit fields behind it move, and cb_eval at 88 stays where it is.
    private static readonly (int V050, int B10221, int Length)[] s_context = [(0, 0, 24), (28, 24, 60), (88, 88, 72)];

    internal static LlamaModelParamsB10221 Narrow(LlamaModelParams parameters)
    {
        var result = default(LlamaModelParamsB10221);
        foreach (var (wide, narrow, length) in s_model)
            Bytes(ref parameters).Slice(wide, length).CopyTo(Bytes(ref result)[narrow..]);
        return result;
    }

    internal static LlamaModelParams Widen(LlamaModelParamsB10221 parameters)
    {
        var result = new LlamaModelParams { lazy_mode = LlamaLazyMode.Auto };
        foreach (var (wide, narrow, length) in s_model)
            Bytes(ref parameters).Slice(narrow, length).CopyTo(Bytes(ref result)[wide..]);
        return result;
    }

    internal static LlamaContextParamsB10221 Narrow(LlamaContextParams parameters)
    {
        var result = default(LlamaContextParamsB10221);
        foreach (var (wide, narrow, length) in s_context)
            Bytes(ref parameters).Slice(wide, length).CopyTo(Bytes(ref result)[narrow..]);
        return result;
    }

    internal static LlamaContextParams Widen(LlamaContextParamsB10221 parameters)
    {
        var result = default(LlamaContextParams);
        foreach (var (wide, narrow, length) in s_context)
            Bytes(ref parameters).Slice(narrow, length).CopyTo(Bytes(ref result)[wide..]);
        return result;
    }

    private static Span<byte> Bytes<T>(ref T value) where T : unmanaged => MemoryMarshal.AsBytes(MemoryMarshal.CreateSpan(ref value, 1));
}
