using LoraBridge.Finetuning;
using LoraBridge.Formats;
using LoraBridge.Merging;
using LoraBridge.Native;

namespace LoraBridge.Model;

/// <summary>Quantises model files with llama.cpp's recipes.</summary>
public static class ModelQuantizer
{
    /// <summary>Writes a quantised copy of a model. A temporary file is renamed when it is complete.</summary>
    /// <param name="source">A GGUF model, usually in F32, F16 or BF16.</param>
    /// <param name="target">The file to write.</param>
    /// <param name="type">One of llama.cpp's recipes.</param>
    /// <param name="overwrite">Whether an existing file is replaced.</param>
    /// <param name="importanceMatrixPath">
    /// An importance matrix of llama.cpp's imatrix tool, GGUF or <c>.dat</c>; null for none. It improves types of few bits, and those below
    /// 2.5 bits per weight need one.
    /// </param>
    /// <exception cref="ArgumentException">A path is blank, or the type is <see cref="MergeOutputType.Keep"/>.</exception>
    /// <exception cref="FileNotFoundException">There is no such model, or no such importance matrix.</exception>
    /// <exception cref="InvalidDataException">A file is no valid model, or no valid importance matrix.</exception>
    /// <exception cref="InvalidOperationException">The model is quantised already.</exception>
    /// <exception cref="IOException">The target exists, or cannot be written.</exception>
    /// <exception cref="NativeException">llama.cpp cannot quantise the model; the message ends with what it logged.</exception>
    public static void Quantize(string source, string target, MergeOutputType type, bool overwrite = false, string? importanceMatrixPath = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(target);
        if (type == MergeOutputType.Keep)
            throw new ArgumentException("Keep names no type to quantise to.", nameof(type));
        using (ModelLoader.Open(source))
        {
            // Opened for its checks: llama.cpp reads the file itself.
        }

        if (OutputPath.RealPath(source) == OutputPath.RealPath(target))
            throw new IOException($"{target} is the model itself, expected another path.");
        var importance = importanceMatrixPath is null ? null : ImportanceMatrix.Read(importanceMatrixPath);
        var temporary = AtomicFile.ReserveTemporaryPath(target, overwrite);
        try
        {
            LlamaQuantizer.Quantize(source, temporary, (LlamaFileType)type, importance: importance?.Columns);
            AtomicFile.Adopt(temporary, target, overwrite);
        }
        catch (NativeException fault) when (fault.Message.Contains("requantizing", StringComparison.Ordinal))
        {
            throw new InvalidOperationException($"{source} is quantised already; to quantise it again would lose more than {type} says. Expected a model in F32, F16 or BF16.", fault);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    /// <summary><see cref="Quantize"/> on another thread. It cannot be cancelled: llama.cpp offers no way to.</summary>
    /// <inheritdoc cref="Quantize"/>
    public static Task QuantizeAsync(string source, string target, MergeOutputType type, bool overwrite = false, string? importanceMatrixPath = null) =>
        Task.Run(() => Quantize(source, target, type, overwrite, importanceMatrixPath));
}
