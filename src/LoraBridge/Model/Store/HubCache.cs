namespace LoraBridge.Model.Store;

/// <summary>
/// Hugging Face's cache: <c>models--owner--name/{blobs/HASH, snapshots/COMMIT/FILE, refs/BRANCH}</c>, where a file of a snapshot is a link to
/// its blob, or the file itself where links are not allowed.
/// </summary>
internal sealed class HubCache(string root, bool useLinks)
{
    /// <summary>A branch that no repository has: lets llama.cpp, which asks a branch for the commit, find what was fetched by commit.</summary>
    private const string PinnedRef = "lorabridge";

    private readonly string _root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(root));

    internal string Root => _root;

    internal string RepositoryFolder(string repository) => Inside(FolderName(repository));

    /// <summary>Where the content of a file lies, by its hash.</summary>
    internal string Blob(string repository, string key) => Inside(FolderName(repository), "blobs", key);

    /// <summary>Where the file lies by its name; a split model has its parts beside each other there.</summary>
    internal string Snapshot(string repository, string commit, string file) =>
        Inside([FolderName(repository), "snapshots", commit, .. file.Split('/')]);

    /// <summary>Hugging Face's tools lock the same file, so that neither downloads what the other does.</summary>
    internal string Lock(string repository, string key) => Inside(".locks", FolderName(repository), $"{key}.lock");

    /// <summary>The commit that a branch was at when it was last fetched, or null; a commit is its own.</summary>
    internal string? Commit(string repository, string revision)
    {
        if (Sha256Hex.IsCommit(revision))
            return revision;
        var path = Ref(repository, revision);
        if (!File.Exists(path))
            return null;
        var commit = File.ReadAllText(path).Trim();
        return SafeNames.IsName(commit) ? commit : null;
    }

    /// <summary>The files of a snapshot that are there, as paths in the repository.</summary>
    internal IReadOnlyList<string> SnapshotFiles(string repository, string commit)
    {
        var folder = Inside(FolderName(repository), "snapshots", commit);
        if (!Directory.Exists(folder))
            return [];
        return [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Where(File.Exists)
            .Select(path => Path.GetRelativePath(folder, path).Replace(Path.DirectorySeparatorChar, '/')).Order(StringComparer.Ordinal)];
    }

    /// <summary>The repositories that there are.</summary>
    internal IEnumerable<string> Repositories() => !Directory.Exists(_root) ? [] :
        from folder in Directory.EnumerateDirectories(_root, "models--*").Order(StringComparer.Ordinal)
        let repository = Path.GetFileName(folder)["models--".Length..].Replace("--", "/", StringComparison.Ordinal)
        where SafeNames.IsRepository(repository)
        select repository;

    internal IEnumerable<string> Commits(string repository)
    {
        var folder = Inside(FolderName(repository), "snapshots");
        return Directory.Exists(folder) ? Directory.EnumerateDirectories(folder).Select(path => Path.GetFileName(path)!).Where(SafeNames.IsName).Order(StringComparer.Ordinal) : [];
    }

    /// <summary>The hash that the blob behind a snapshot's file is named by, or null.</summary>
    internal static string? HashBehind(string snapshot)
    {
        var target = new FileInfo(snapshot).ResolveLinkTarget(returnFinalTarget: true);
        return target is not null && Sha256Hex.Is(target.Name) ? target.Name : null;
    }

    /// <summary>Gives a blob its name in a snapshot.</summary>
    /// <returns>The path to load it by.</returns>
    internal string Link(string repository, string commit, string file, string key)
    {
        var (blob, snapshot) = (Blob(repository, key), Snapshot(repository, commit, file));
        var folder = Path.GetDirectoryName(snapshot)!;
        Directory.CreateDirectory(folder);
        if (!File.Exists(blob))
            return snapshot;
        // Only the owner of the lock gives a name; what one that was killed has left is replaced.
        var temporary = $"{snapshot}.tmp";
        if (TryLink(temporary, Path.GetRelativePath(folder, blob)))
            File.Move(temporary, snapshot, overwrite: true);
        else
            File.Move(blob, snapshot, overwrite: true);
        return snapshot;
    }

    /// <summary>Notes the commit that a branch is at.</summary>
    internal void WriteRef(string repository, string revision, string commit)
    {
        var path = Sha256Hex.IsCommit(revision) ? Ref(repository, PinnedRef) : Ref(repository, revision);
        if (Commit(repository, revision) == commit && (!Sha256Hex.IsCommit(revision) || File.Exists(path) || File.Exists(Ref(repository, "main"))))
            return;
        // Whatever lies in the folder of branches is taken for one.
        var temporary = Lock(repository, $"ref-{Environment.ProcessId:x}-{Environment.CurrentManagedThreadId:x}");
        Directory.CreateDirectory(Path.GetDirectoryName(temporary)!);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(temporary, commit);
        File.Move(temporary, path, overwrite: true);
    }

    /// <summary>Removes a file of a snapshot, and its blob unless another snapshot has it, and folders that are empty then.</summary>
    /// <returns>The bytes that were freed.</returns>
    internal long Remove(string repository, string commit, string file)
    {
        var snapshot = Snapshot(repository, commit, file);
        var blob = new FileInfo(snapshot).ResolveLinkTarget(returnFinalTarget: true)?.FullName;
        long freed = 0;
        if (blob is null)
            freed = new FileInfo(snapshot).Length;
        File.Delete(snapshot);
        var owned = blob is not null && Path.GetDirectoryName(blob) == Inside(FolderName(repository), "blobs");
        if (owned && File.Exists(blob) && !IsUsed(repository, blob!))
        {
            freed = new FileInfo(blob!).Length;
            File.Delete(blob!);
        }
        RemoveEmpty(Path.GetDirectoryName(snapshot)!);
        return freed;
    }

    private bool IsUsed(string repository, string blob) =>
        Directory.EnumerateFiles(Inside(FolderName(repository), "snapshots"), "*", SearchOption.AllDirectories)
            .Any(path => new FileInfo(path).ResolveLinkTarget(returnFinalTarget: true)?.FullName == blob);

    /// <summary>A repository without snapshots has nothing but what belongs to them.</summary>
    private void RemoveEmpty(string folder)
    {
        for (; folder.Length > _root.Length && !Directory.EnumerateFileSystemEntries(folder).Any(); folder = Path.GetDirectoryName(folder)!)
            Directory.Delete(folder);
        if (Path.GetFileName(folder) is { } name && name.StartsWith("models--", StringComparison.Ordinal) && Path.GetDirectoryName(folder) == _root
            && !Directory.Exists(Path.Combine(folder, "snapshots")))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private bool TryLink(string path, string target)
    {
        if (!useLinks)
            return false;
        try
        {
            File.Delete(path);
            File.CreateSymbolicLink(path, target);
            return true;
        }
        catch (Exception refused) when (OperatingSystem.IsWindows() && refused is IOException or UnauthorizedAccessException)
        {
            // Links need a right on Windows that few users have; Hugging Face's tools do without them there, too.
            return false;
        }
    }

    private string Ref(string repository, string revision) => Inside([FolderName(repository), "refs", .. revision.Split('/')]);

    private static string FolderName(string repository) =>
        SafeNames.IsRepository(repository)
            ? $"models--{repository.Replace("/", "--", StringComparison.Ordinal)}"
            : throw new ArgumentException($"'{SafeNames.Printable(repository)}' is no repository, expected owner/name.");

    /// <summary>The one place where paths of the cache are made: none leads out of it.</summary>
    private string Inside(params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (!SafeNames.IsName(name))
                throw new InvalidDataException($"'{SafeNames.Printable(name)}' cannot be the name of a file in the cache.");
        }
        return Path.Combine([_root, .. names]);
    }
}
