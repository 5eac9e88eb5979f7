using System.Runtime.InteropServices;

namespace LoraBridge.Training.Verification;

/// <summary>The same model with all weights in F32.</summary>
internal static class DequantizedModel
{
    private const int ElementsAtATime = 1 << 20;

    public static void Write(GgufModelFiles source, string path, CancellationToken cancellationToken)
    {
        var writer = new GgufWriter(source.Metadata);
        writer.Metadata.Set("general.file_type", (uint)LlamaFileType.AllF32);
        foreach (var tensor in source.Tensors)
            writer.AddTensor(tensor.Info.Name, GgmlType.F32, tensor.Info.Shape.AsSpan(), stream => Copy(tensor, stream, cancellationToken));
        AtomicFile.EnsureFreeSpace(path, writer.FileLength);
        writer.Save(path, overwrite: true, progress: null, cancellationToken);
    }

    private static void Copy(GgufModelTensor tensor, Stream stream, CancellationToken cancellationToken)
    {
        var type = tensor.Info.Type;
        for (var start = 0L; start < tensor.Info.ElementCount; start += ElementsAtATime)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var count = (int)Math.Min(ElementsAtATime, tensor.Info.ElementCount - start);
            var bytes = new byte[GgmlTypeTraits.RowSize(type, count)];
            tensor.File.Read(tensor.Info, bytes, GgmlTypeTraits.RowSize(type, start));
            var values = new float[count];
            GgmlTypeTraits.Dequantize(type, bytes, values);
            stream.Write(MemoryMarshal.AsBytes<float>(values));
        }
    }
}
