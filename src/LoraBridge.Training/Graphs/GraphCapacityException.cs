namespace LoraBridge.Training.Graphs;

/// <summary>A graph has more tensors than it was made for; made again, with more capacity, it is complete.</summary>
internal sealed class GraphCapacityException(int capacity) : InvalidOperationException($"The graph has more than the {capacity} tensors that it was made for.")
{
    /// <summary>Makes a graph with a capacity, and with twice as much each time that it does not suffice.</summary>
    public static T Retry<T>(int capacity, Func<int, T> make)
    {
        while (true)
        {
            try
            {
                return make(capacity);
            }
            catch (GraphCapacityException) when (capacity <= int.MaxValue / 4)
            {
                capacity *= 2;
            }
        }
    }
}
