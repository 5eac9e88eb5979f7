using LoraBridge.Formats;
using LoraBridge.Model;

namespace LoraBridge.Merging;

/// <summary>
/// A copy of a model whose output is its embedding, with an output of its own: what a merge of an adapter of either is compared with,
/// because llama.cpp cannot apply it to the original.
/// </summary>
internal sealed class UntiedModel : IDisposable
{
    private readonly TemporaryFile _file;

    /// <param name="model">The model.</param>
    /// <param name="target">A path on the disk that the copy is written to.</param>
    /// <exception cref="IOException">The disk has too little space.</exception>
    internal UntiedModel(GgufModelFiles model, string target)
    {
        var writer = new GgufWriter(model.Metadata);
        foreach (var tensor in model.Tensors)
            writer.AddTensor(tensor.File, tensor.Info);
        var embedding = model.Find(TensorNames.TokenEmbedding)!;
        writer.AddTensor(TensorNames.Output, embedding.Info.Type, embedding.Info.Shape.AsSpan(), stream =>
        {
            using var data = model.OpenRead(embedding);
            data.CopyTo(stream);
        });
        _file = new TemporaryFile(target, overwrite: true, writer.FileLength);
        try
        {
            using (var stream = _file.OpenWrite())
                writer.WriteTo(stream);
            Files = ModelLoader.Open(_file.Path);
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    internal GgufModelFiles Files { get; }

    public void Dispose()
    {
        Files.Dispose();
        _file.Dispose();
    }
}
