using System.Collections.Immutable;
using System.Text;
using LoraBridge.Formats;
using static LoraBridge.Native.Llama;

namespace LoraBridge.Native;

/// <summary>Quantises whole model files with llama.cpp's own recipes.</summary>
internal static unsafe class LlamaQuantizer
{
    /// <summary>Writes a quantised copy of the model <paramref name="input"/> to <paramref name="output"/>.</summary>
    /// <param name="input">Model file.</param>
    /// <param name="output">File to write.</param>
    /// <param name="type">Recipe.</param>
    /// <param name="adjust">Changes further parameters; null keeps the defaults.</param>
    /// <param name="importance">Importance of the columns of each weight, expert after expert, by its name; null for none.</param>
    /// <exception cref="NativeException">llama.cpp failed; the message ends with what it logged.</exception>
    internal static void Quantize(
        string input, string output, LlamaFileType type, Func<LlamaModelQuantizeParams, LlamaModelQuantizeParams>? adjust = null,
        IReadOnlyDictionary<string, ImmutableArray<float>>? importance = null)
    {
        NativeRuntime.Initialize();
        var parameters = llama_model_quantize_default_params();
        parameters.ftype = type;
        parameters.nthread = ProcessorInfo.DefaultThreadCount;
        if (adjust is not null)
            parameters = adjust(parameters);
        using var memory = new NativeScope();
        if (importance is not null)
            parameters.imatrix = memory.Copy<LlamaImatrixData>(Matrices(importance, memory));
        NativeLog.Clear();
        if (llama_model_quantize(input, output, &parameters) != 0)
            throw new NativeException($"{input} could not be quantised to {type}.");
    }

    private static LlamaImatrixData[] Matrices(IReadOnlyDictionary<string, ImmutableArray<float>> importance, NativeScope memory)
    {
        // The list ends at an entry without a name.
        var natives = new LlamaImatrixData[importance.Count + 1];
        foreach (var (i, (name, columns)) in importance.Index())
        {
            natives[i] = new()
            {
                name = memory.Copy<byte>(Encoding.UTF8.GetBytes(name + '\0')),
                data = memory.Copy(columns.AsSpan()),
                size = (nuint)columns.Length,
            };
        }
        return natives;
    }
}
