using LoraBridge.Training.Graphs;

namespace LoraBridge.Training;

/// <summary>The graphs that rows have been computed with, in memory that one of them uses at a time.</summary>
internal sealed class StepMemory(ComputeEngine engine) : IDisposable
{
    private readonly Dictionary<(TrainingGraph Graph, int OutputRows, bool Backward), TrainingStepGraph> _steps = [];
    private readonly GraphAllocatorHandle _allocator = engine.CreateAllocator();

    /// <summary>The graph that the memory holds the results of; null before the first.</summary>
    public TrainingStepGraph? Current { get; private set; }

    /// <summary>The graph for such a row, without memory.</summary>
    public TrainingStepGraph Get(TrainingGraph graph, int outputRows, bool backward)
    {
        if (!_steps.TryGetValue((graph, outputRows, backward), out var step))
            _steps[(graph, outputRows, backward)] = step = graph.Create(outputRows, backward);
        return step;
    }

    /// <summary>The graph for such a row, ready to be computed.</summary>
    public TrainingStepGraph Use(TrainingGraph graph, int outputRows, bool backward)
    {
        var step = Get(graph, outputRows, backward);
        if (Current == step)
            return step;
        if (step.Allocate(_allocator))
        {
            // The memory has been replaced by more of it, and the others still point to where it was.
            foreach (var (key, other) in _steps.Where(entry => entry.Value != step).ToList())
            {
                other.Dispose();
                _steps.Remove(key);
            }
        }
        return Current = step;
    }

    public void Dispose()
    {
        foreach (var step in _steps.Values)
            step.Dispose();
        _allocator.Dispose();
    }
}
