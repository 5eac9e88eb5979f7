using System.Runtime.InteropServices;
using LoraBridge.Training.Graphs;

namespace LoraBridge.Training;

/// <summary>All F32 weights of a model in training. The model must be loaded into memory of its own, not mapped.</summary>
internal sealed class WeightSession : IDisposable
{
    private WeightSession(TrainingGraph graph) => Graph = graph;

    public TrainingGraph Graph { get; }

    /// <exception cref="NotSupportedException">The model uses one weight in two places, of which llama.cpp holds two copies.</exception>
    public static WeightSession Open(LlamaModelHandle model, ComputeEngine engine, TrainingGraphShape shape)
    {
        var traced = StateElimination.Apply(GraphTracer.Trace(model, null, shape.Tokens, shape.HeadRows, shape.Threads));
        var graph = new TrainingGraph(traced, IsTrainable, engine, shape);
        var shared = graph.Parameters.GroupBy(parameter => parameter.Name).FirstOrDefault(group => group.Count() > 1);
        if (shared is null)
            return new WeightSession(graph);
        graph.Dispose();
        throw new NotSupportedException($"{shared.Key} is used in several places; give the model an output.weight of its own to train it in full.");
    }

    /// <summary>Writes the model with its weights as they are now, or with the values given by parameter.</summary>
    /// <param name="source">The model that was loaded; what is not trained is copied from it.</param>
    /// <param name="path">Where to write; replaced if it exists.</param>
    /// <param name="values">Other values, by parameter, or null.</param>
    public void Save(GgufModelFiles source, string path, float[][]? values = null)
    {
        var trained = Graph.Parameters.Select((parameter, index) => (parameter.Name, index)).ToDictionary();
        var writer = new GgufWriter(source.Metadata);
        foreach (var tensor in source.Tensors)
        {
            if (trained.TryGetValue(tensor.Info.Name, out var index))
                writer.AddTensor(
                    tensor.Info.Name, GgmlType.F32, tensor.Info.Shape.AsSpan(),
                    stream => stream.Write(MemoryMarshal.AsBytes(values is null ? Graph.Parameters[index].ReadValues() : values[index])));
            else
                writer.AddTensor(tensor.File, tensor.Info);
        }
        writer.Save(path, overwrite: true);
    }

    public void Dispose() => Graph.Dispose();

    // Frequencies of rotations are constants of the architecture, whatever file they come in.
    private static bool IsTrainable(TracedTensor leaf) =>
        leaf.IsWeight && leaf.Type == GgmlType.F32 && !leaf.Name.StartsWith("rope_", StringComparison.Ordinal);
}
