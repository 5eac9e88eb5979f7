using LoraBridge.Data;
using LoraBridge.TextGeneration;

namespace LoraBridge.Finetuning;

/// <summary>Training data, independent of any model: a file, or conversations and texts in memory.</summary>
/// <remarks>Files are streamed row by row each time they are needed, and not read before; gzip is accepted.</remarks>
public sealed class TrainingDataset
{
    private readonly Func<DatasetReport, IEnumerable<RawSample>> _read;

    private TrainingDataset(string name, DatasetReadOptions options, Func<DatasetReport, IEnumerable<RawSample>> read)
    {
        Name = name;
        Options = options;
        _read = read;
    }

    /// <summary>The full path of the file, or the name given.</summary>
    public string Name { get; }

    /// <summary>How rows are read, and what happens to bad ones.</summary>
    public DatasetReadOptions Options { get; }

    /// <summary>A file of any <see cref="DatasetFormat"/>: JSON lines, a JSON array or plain text, optionally compressed by gzip.</summary>
    /// <exception cref="ArgumentException">The path is null or blank.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static TrainingDataset FromFile(string path, DatasetReadOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        if (!File.Exists(path))
            throw new FileNotFoundException($"There is no training file '{path}'.", path);
        options ??= DatasetReadOptions.Default;
        // It is read later, when the current directory may be another.
        path = Path.GetFullPath(path);
        return new TrainingDataset(path, options, report => new DatasetFileReader(path, options, report).Read());
    }

    /// <summary>Conversations in memory.</summary>
    /// <exception cref="ArgumentNullException">The sequence is null.</exception>
    public static TrainingDataset FromChats(IEnumerable<ChatHistory> chats, string name = "conversations")
    {
        ArgumentNullException.ThrowIfNull(chats);
        return new TrainingDataset(name, DatasetReadOptions.Default,
            _ => chats.Select((chat, index) => new ChatSample(new SampleSource(name, index + 1L), chat)));
    }

    /// <summary>Documents in memory; each is split into windows of the context length.</summary>
    /// <exception cref="ArgumentNullException">The sequence is null.</exception>
    public static TrainingDataset FromTexts(IEnumerable<string> documents, string name = "documents")
    {
        ArgumentNullException.ThrowIfNull(documents);
        return new TrainingDataset(name, DatasetReadOptions.Default,
            _ => documents.Select((text, index) => new TextSample(new SampleSource(name, index + 1L), text)));
    }

    /// <summary>Reads all rows and lists those that cannot be used, without a model.</summary>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The first problems, at most <see cref="DatasetReadOptions.MaximumProblems"/>; empty when every row is well formed.</returns>
    /// <exception cref="InvalidDataException">A row is bad and the options are strict, or the file as a whole cannot be read.</exception>
    /// <exception cref="OperationCanceledException">The reading was cancelled.</exception>
    public IReadOnlyList<DatasetProblem> Validate(CancellationToken cancellationToken = default)
    {
        var report = new DatasetReport(Options);
        foreach (var sample in Read(report))
        {
            report.AddLosses(sample.Source, sample.Losses);
            cancellationToken.ThrowIfCancellationRequested();
        }
        return report.Problems;
    }

    /// <summary>Whether an exception is about bad training data, rather than about a model or an adapter.</summary>
    public static bool IsAboutData(Exception exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        return DatasetFault.Is(exception);
    }

    /// <summary>Streams the samples; bad rows go to the report.</summary>
    internal IEnumerable<RawSample> Read(DatasetReport report) => _read(report);
}
