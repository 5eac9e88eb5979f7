using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>Quantisation of model files.</summary>
internal static unsafe partial class Llama
{
    internal static LlamaModelQuantizeParams llama_model_quantize_default_params()
    {
        var parameters = llama_model_quantize_default_params_v050();
        if (LlamaBuild.Loaded == LlamaBuild.B10221)
            parameters.max_buf_size = 0;    // its struct ends before: the field holds whatever was in memory
        return parameters;
    }

    [LibraryImport(Library, EntryPoint = nameof(llama_model_quantize_default_params))]
    private static partial LlamaModelQuantizeParams llama_model_quantize_default_params_v050();

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial uint llama_model_quantize(string? fname_inp, string? fname_out, LlamaModelQuantizeParams* @params);
}
