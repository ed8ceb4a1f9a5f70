namespace DeisProxy.Core.Applying;

/// <summary>What keeps two runs on one cluster apart.</summary>
public interface IRunLock
{
    /// <summary>Code of the error that another run holds it.</summary>
    const string HeldByAnother = "locked";

    /// <summary>For how long from now nobody else can hold it, even if the cluster is out of reach; zero if somebody may do so already.</summary>
    TimeSpan HeldForSure { get; }

    /// <summary>Makes sure that this run holds it now, and for a while from now on.</summary>
    /// <exception cref="DeisProxyException"><see cref="HeldByAnother"/>, <c>lock-lost</c> if it is not to be taken back, or the cluster cannot be
    /// reached.</exception>
    Task<bool> EnsureHeldAsync(bool takeBack, CancellationToken cancellationToken);
}
