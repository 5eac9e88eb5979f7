using System.Collections.Immutable;
using LoraBridge.Formats;
using LoraBridge.Native;

namespace LoraBridge.Adapters;

/// <summary>
/// The weights of an adapter file as they were when a model loaded them: the identity of an adapter wherever cached state depends on it.
/// The same file, trained again, is another one.
/// </summary>
internal sealed class LoadedAdapter(string file, FileStamp stamp, ImmutableArray<int> invocationTokens, LlamaAdapterHandle handle)
{
    /// <summary>The file, links resolved.</summary>
    internal string File { get; } = file;

    internal FileStamp Stamp { get; } = stamp;

    internal LlamaAdapterHandle Handle { get; } = handle;

    /// <summary>The tokens that activate it; empty when it acts on all.</summary>
    internal ImmutableArray<int> InvocationTokens { get; } = invocationTokens;

    /// <summary>A hash of the file that was loaded.</summary>
    /// <exception cref="InvalidOperationException">The file is gone, or holds other weights by now.</exception>
    internal string ContentHash
    {
        get
        {
            if (field is null && FileStamp.Of(File) == Stamp)
                field = FileFingerprint.Of(File);
            return field ?? throw new InvalidOperationException($"{File} is not the adapter any more that was loaded from it.");
        }
    }

    /// <summary>Users in the model's registry; under its gate.</summary>
    internal int Users { get; set; }

    /// <summary>Whether its last user released it: it must not be set on a context any more.</summary>
    internal bool IsFreed => Handle.IsClosed;

    /// <summary>Whether the file holds other weights by now.</summary>
    internal bool IsOutdated
    {
        get
        {
            var now = FileStamp.Of(File);
            return now != default && now != Stamp;
        }
    }
}
