using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>Quantisation of model files.</summary>
internal static unsafe partial class Llama
{
    [LibraryImport(Library)]
    internal static partial LlamaModelQuantizeParams llama_model_quantize_default_params();

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial uint llama_model_quantize(string? fname_inp, string? fname_out, LlamaModelQuantizeParams* @params);
}
