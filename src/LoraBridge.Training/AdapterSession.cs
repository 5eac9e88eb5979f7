using LoraBridge.Training.Graphs;
using LoraBridge.Training.Autodiff;

namespace LoraBridge.Training;

/// <summary>
/// An adapter in training: it is loaded into llama.cpp like any other, so that llama.cpp itself places its branches in the graph,
/// and its tensors are then changed in place.
/// </summary>
internal sealed class AdapterSession : IDisposable
{
    private readonly LlamaAdapterHandle _adapter;

    private AdapterSession(AdapterBlueprint blueprint, IReadOnlyList<AdapterTarget> unused, LlamaAdapterHandle adapter, TrainingGraph graph)
    {
        Blueprint = blueprint;
        UnusedTargets = [.. unused.Select(target => target.Weight)];
        _adapter = adapter;
        Graph = graph;
    }

    /// <summary>What is trained: the targets that the model's graph uses.</summary>
    public AdapterBlueprint Blueprint { get; }

    /// <summary>Targets that are left out: llama.cpp does not apply an adapter to them, or the logits do not vary with them.</summary>
    public IReadOnlyList<string> UnusedTargets { get; }

    public TrainingGraph Graph { get; }

    /// <summary>The adapter as llama.cpp holds it; it changes as it is trained.</summary>
    public LlamaAdapterHandle Adapter => _adapter;

    /// <summary>Writes an initial adapter, loads it, and builds the training graph around it.</summary>
    /// <param name="model">A model with plain weights in host memory.</param>
    /// <param name="blueprint">What to train.</param>
    /// <param name="write">Writes the initial adapter of a blueprint to a path.</param>
    /// <param name="engine">Where to compute.</param>
    /// <param name="shape">Sizes of the graph.</param>
    /// <param name="requireAll">Whether a target that the graph does not use is an error instead of left out.</param>
    /// <exception cref="ArgumentException">The graph does not use a target.</exception>
    /// <exception cref="NotSupportedException">The model cannot be traced, or an operation has no gradient rule; the message names it.</exception>
    public static AdapterSession Open(
        LlamaModelHandle model, AdapterBlueprint blueprint, Action<string, AdapterBlueprint> write, ComputeEngine engine,
        TrainingGraphShape shape, bool requireAll) => UnsupportedModel.Named(
        blueprint.Architecture, () => Build(model, blueprint, write, engine, shape, requireAll));

    public void Dispose()
    {
        Graph.Dispose();
        _adapter.Dispose();
    }

    private static AdapterSession Build(
        LlamaModelHandle model, AdapterBlueprint blueprint, Action<string, AdapterBlueprint> write, ComputeEngine engine,
        TrainingGraphShape shape, bool requireAll)
    {
        using var folder = new ScratchFolder();
        var path = folder["initial.gguf"];
        write(path, blueprint);
        var adapter = LlamaAdapters.Load(model, path);
        try
        {
            var graph = Trace(shape);
            var used = UsedTargets(graph, blueprint);
            var unused = blueprint.Targets.Except(used).ToList();
            if (unused.Count > 0 && (requireAll || used.Count == 0))
                throw new ArgumentException(
                    $"An adapter of {string.Join(", ", unused.Select(target => target.Weight))} cannot be trained: llama.cpp does not "
                    + "apply it in this model, or only to choose what is computed.");
            // Those that are left out stay loaded; they change nothing, as they have changed nothing from the start.
            var trained = used.SelectMany(target => (string[])[target.Weight + LoraPair.ASuffix, target.Weight + LoraPair.BSuffix]).ToHashSet();
            var training = new TrainingGraph(graph, IsTrained, engine, shape) { Shorten = shape.FitsLengths ? Shorten : null };
            return new AdapterSession(blueprint.Where(used.Contains), unused, adapter, training);

            bool IsTrained(TracedTensor leaf) => leaf.IsWeight && trained.Contains(leaf.Name);

            TrainingGraph Shorten(TrainingGraph longest, int tokens)
            {
                var shorter = shape with { Tokens = tokens, HeadRows = Math.Min(shape.HeadRows, tokens) };
                return new TrainingGraph(Trace(shorter), IsTrained, engine, shorter, longest);
            }
        }
        catch
        {
            adapter.Dispose();
            throw;
        }

        TracedGraph Trace(TrainingGraphShape sizes) => StateElimination.Apply(engine.Bind(GraphTracer.Trace(model, adapter, sizes.Tokens, sizes.HeadRows, sizes.Threads)));
    }

    /// <summary>The targets that the logits vary with, now that keys and values reach them directly.</summary>
    private static List<AdapterTarget> UsedTargets(TracedGraph graph, AdapterBlueprint blueprint)
    {
        var used = new HashSet<TracedTensor> { graph.Output };
        foreach (var node in graph.Nodes.Reverse().Where(node => used.Contains(node) && !GradientRules.IsConstant(node.Op)))
            used.UnionWith(node.Sources.OfType<TracedTensor>());
        var names = used.Where(tensor => tensor.IsLeaf).Select(tensor => tensor.Name).ToHashSet();
        return [.. blueprint.Targets.Where(target => names.Contains(target.Weight + LoraPair.BSuffix))];
    }
}
